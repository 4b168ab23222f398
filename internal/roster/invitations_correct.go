package roster

import (
	"context"

	"github.com/google/uuid"

	"roster/db/rosterdb"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/role"
)

// Correct sends an open invitation to another address, as after a slip of the pen: judged like inviting, with a new
// letter and a new expiry, and the invitation stays the one it is. The links before lead nowhere, for whoever has them
// is not meant. Without a mail server it comes with a link, shown once.
func (r *Roster) Correct(ctx context.Context, a Actor, id, email string) (Invitation, string, error) {
	to, err := mail.Parse(email)
	if err != nil {
		return Invitation{}, "", wrongAddress(err.Error())
	}
	done, err := changeInvitationTo(ctx, r, a, id, to.Norm, role.InvitationsCreate, func(q *rosterdb.Queries, row rosterdb.GetInvitationRow, actor []role.Role) (invitationChange, bool, error) {
		if err := mayGrantAll(actor, row.Roles); err != nil {
			return keepAsIs(err)
		}
		switch {
		case to.Norm == row.EmailNorm:
			return keepAsIs(wrongAddress("This is the address that it went to. Enter another one, or send it again."))
		case row.OtherMember != "":
			return keepAsIs(wrongAddress(row.OtherMember + " is already a member."))
		case row.OtherBlocked:
			return keepAsIs(wrongAddress(askedNotToBe))
		case row.OtherInvitation != uuid.Nil:
			return keepAsIs(wrongAddress("This address has an invitation already. Revoke this one instead."))
		}
		if err := q.DeleteTokens(ctx, a.org.ID, row.ID); err != nil {
			return keepAsIs(err)
		}
		if err := q.SetInvitationAddress(ctx, rosterdb.SetInvitationAddressParams{Email: to.Typed, EmailNorm: to.Norm, SearchText: account.SearchText("", to.Typed), Fold: account.FoldVersion,
			OrgID: a.org.ID, InvitationID: row.ID}); err != nil {
			return keepAsIs(err)
		}
		if err := q.EndDeclined(ctx, a.org.ID, []string{to.Norm}); err != nil {
			return keepAsIs(err)
		}
		delivery, kind := "queued", "mailed"
		if !r.mails {
			delivery, kind = "none", "copied"
		}
		renewed, t, err := renew(ctx, q, a, row.ID, delivery, kind)
		if err != nil {
			return keepAsIs(err)
		}
		was := row.Email
		row.Email, row.EmailNorm, row.AskedAt = to.Typed, to.Norm, nil
		if err := r.post(ctx, q, r.invitationLetter(a, row.ID, row.Email, role.Highest(role.ParseAll(row.Roles)), row.Message, renewed.ExpiresAt, renewed.Sending, t)); err != nil {
			return keepAsIs(err)
		}
		_, err = a.author().write(ctx, q, entry{event: InvitationCorrected, subjectKind: "invitation", subject: row.ID, name: row.Email,
			before: facts{"email": was, "expires_at": row.ExpiresAt}, after: facts{"email": row.Email, "expires_at": renewed.ExpiresAt, "version": renewed.Version}})
		corrected := invitationChange{Invitation: a.renewed(row, renewed, delivery)}
		if !r.mails {
			corrected.link = t.text
		}
		return corrected, true, err
	})
	return done.Invitation, done.link, err
}

func wrongAddress(words string) error {
	return &fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Name: "email", Message: words}}}
}
