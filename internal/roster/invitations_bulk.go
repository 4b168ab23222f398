package roster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
)

// TogetherMax is how many invitations are looked at to be changed together; InvitationsAtOnce how many of them are
// changed in one transaction; more are a job.
const (
	TogetherMax       = 5000
	InvitationsAtOnce = 50
)

// What can be done to many invitations together.
const (
	TogetherSend   = "send"
	TogetherRevoke = "revoke"
)

// Together chooses invitations to change together: those ticked, or all that a list finds.
type Together struct {
	Act  string // TogetherSend or TogetherRevoke
	IDs  []string
	All  bool
	List InvitationList // with All
	Seen int            // with All: how many there were when they were chosen
}

// OneOf is one of many invitations, and why it stands in its list.
type OneOf struct{ ID, Email, Why string }

// Several are many invitations in three lists: what will be changed, or was; what is skipped; and what is so already.
type Several struct {
	Act                    string
	Done, Skipped, Already []OneOf
	Undo                   string // evt_… that takes it back
	Open                   int    // open invitations of the organization afterwards
	Job                    string // job_… that does it, where they are many
}

// Chosen is how many were chosen.
func (s Several) Chosen() int { return len(s.Done) + len(s.Skipped) + len(s.Already) }

// choose is the question for the invitations of a form.
func (t Together) choose(a Actor) (rosterdb.ChooseInvitationsParams, error) {
	ask := rosterdb.ChooseInvitationsParams{OrgID: a.org.ID, ActorID: a.person.ID, Submission: a.trace.Submission, Matching: t.All, Ids: []uuid.UUID{}}
	if t.Act != TogetherSend && t.Act != TogetherRevoke {
		return ask, fault.New(fault.Malformed, "This cannot be done to invitations.")
	}
	if !t.All {
		for _, id := range t.IDs {
			invitation, ok := publicid.Invitation.Parse(id)
			if !ok {
				return ask, fault.Missing()
			}
			ask.Ids = append(ask.Ids, invitation)
		}
		if len(ask.Ids) == 0 {
			return ask, fault.New(fault.Conflict, "Tick at least one invitation.")
		}
		return ask, nil
	}
	all := t.List
	all.After, all.Before = "", ""
	list, err := all.ask(a.org.ID)
	ask.Show, ask.Undelivered, ask.Inviter, ask.Words = list.Show, list.Undelivered, list.Inviter, list.Words
	ask.AfterName, ask.AfterTime, ask.AfterID, ask.PageSize = list.AfterName, list.AfterTime, list.AfterID, TogetherMax+1
	return ask, err
}

func (t Together) permission() role.Permission {
	if t.Act == TogetherSend {
		return role.InvitationsCreate
	}
	return role.InvitationsRevoke
}

// JudgeTogether says what would become of each of many invitations.
func (r *Roster) JudgeTogether(ctx context.Context, a Actor, t Together) (Several, error) {
	ask, err := t.choose(a)
	if err != nil {
		return Several{}, err
	}
	if !a.May(t.permission()) {
		return Several{}, notAllowed(a.roles, t.permission())
	}
	rows, err := r.db.Read(a.org.ID).ChooseInvitations(ctx, ask)
	if err != nil {
		return Several{}, wrap("choose invitations", err)
	}
	several, _, err := r.judgeTogether(t, rows)
	return several, err
}

// judgeTogether puts each invitation into one of the three lists. With the lists come the rows that will be changed.
func (r *Roster) judgeTogether(t Together, rows []rosterdb.ChooseInvitationsRow) (Several, []rosterdb.ChooseInvitationsRow, error) {
	several := Several{Act: t.Act}
	switch {
	case t.Act == TogetherSend && !r.mails:
		return several, nil, fault.New(fault.Conflict, "This installation sends no e-mail. Make a link to copy for each instead.")
	case len(rows) > TogetherMax:
		return several, nil, fault.New(fault.Conflict, fmt.Sprintf("More than %d invitations match. Narrow the list, and do it in parts.", TogetherMax))
	}
	slices.SortFunc(rows, func(x, y rosterdb.ChooseInvitationsRow) int {
		return cmp.Or(cmp.Compare(x.EmailNorm, y.EmailNorm), slices.Compare(x.ID[:], y.ID[:]))
	})
	var todo []rosterdb.ChooseInvitationsRow
	for _, row := range rows {
		one := OneOf{ID: publicid.Invitation.Of(row.ID), Email: row.Email}
		above := mayGrantAll(role.ParseAll(row.ActorRoles), row.Roles)
		switch {
		case t.Act == TogetherRevoke && row.State == "revoked":
			one.Why = "Revoked already."
			several.Already = append(several.Already, one)
		case row.State != "open":
			one.Why = map[string]string{"accepted": "Was accepted.", "declined": "Was declined.", "revoked": "Was revoked."}[row.State]
			several.Skipped = append(several.Skipped, one)
		case above != nil:
			one.Why = above.Error()
			several.Skipped = append(several.Skipped, one)
		case t.Act == TogetherSend && row.Blocked:
			one.Why = askedNotToBe
			several.Skipped = append(several.Skipped, one)
		case t.Act == TogetherSend && row.JustSent && row.Delivery != "none" && row.Delivery != "copied":
			one.Why = "Was sent less than 5 minutes ago."
			several.Already = append(several.Already, one)
		default:
			several.Done = append(several.Done, one)
			todo = append(todo, row)
		}
	}
	return several, todo, nil
}

// ChangeTogether does it to those of the first list, in one transaction. If meanwhile more or fewer match than were
// seen, nothing is done: whoever asked looks again first.
func (r *Roster) ChangeTogether(ctx context.Context, a Actor, t Together) (Several, error) {
	ask, err := t.choose(a)
	if err != nil {
		return Several{}, err
	}
	several, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) ([]rosterdb.ChooseInvitationsRow, []byte, error) {
		rows, err := q.ChooseInvitations(ctx, ask)
		if err != nil || len(rows) > 0 {
			return rows, firstOutcome(rows), err
		}
		// Nothing is left that matches, perhaps because of this very form.
		before, err := q.GetSubmission(ctx, rosterdb.GetSubmissionParams{OrgID: a.org.ID, UserID: a.person.ID, Submission: a.trace.Submission})
		if errors.Is(err, pgx.ErrNoRows) {
			err = nil
		}
		return rows, before, err
	}, func(q *rosterdb.Queries, rows []rosterdb.ChooseInvitationsRow) (Several, bool, error) {
		if t.All && len(rows) != t.Seen {
			return Several{}, false, NowMatch(len(rows))
		}
		if len(rows) == 0 {
			return Several{}, false, fault.Missing()
		}
		roles := role.ParseAll(rows[0].ActorRoles)
		switch {
		case rows[0].ActorStatus != "active":
			return Several{}, false, lostAccess(a)
		case !role.May(roles, t.permission(), role.Settings{MembersMayInvite: rows[0].MembersMayInvite}):
			return Several{}, false, notAllowed(roles, t.permission())
		}
		several, todo, err := r.judgeTogether(t, rows)
		if err != nil || len(todo) == 0 {
			return several, false, err
		}
		if len(todo) > InvitationsAtOnce {
			several.Job, err = r.startTogether(ctx, q, a, t.Act, todo)
			return Several{Act: t.Act, Job: several.Job}, true, err
		}
		several.Open = a.org.OpenInvitations
		if t.Act == TogetherSend {
			return several, true, r.sendTogether(ctx, q, a, todo)
		}
		several.Undo, err = r.revokeTogether(ctx, q, a, todo)
		for _, row := range todo {
			if !row.Expired {
				several.Open--
			}
		}
		return several, true, err
	})
	return several, wrap("change invitations", err)
}

// startTogether leaves many to a job, which does each as if it were pressed alone.
func (r *Roster) startTogether(ctx context.Context, q *rosterdb.Queries, a Actor, act string, rows []rosterdb.ChooseInvitationsRow) (string, error) {
	items := make([]jobItem, len(rows))
	for i, row := range rows {
		items[i] = jobItem{n: int32(i), subject: row.ID, label: row.Email}
	}
	job, err := r.startJob(ctx, q, a, "invitations."+act, struct{}{}, items, 0)
	return publicid.Job.Of(job), err
}

func sendStep(ctx context.Context, r *Roster, a Actor, w *work) (bool, error) {
	return r.eachItem(ctx, a, w, func(a Actor, item jobItem) (itemResult, error) {
		_, err := r.SendAgain(ctx, a, publicid.Invitation.Of(item.subject))
		return itemResult{state: "done"}, err
	})
}

func revokeStep(ctx context.Context, r *Roster, a Actor, w *work) (bool, error) {
	return r.eachItem(ctx, a, w, func(a Actor, item jobItem) (itemResult, error) {
		_, undo, err := r.Revoke(ctx, a, publicid.Invitation.Of(item.subject))
		return itemResult{state: "done", undo: undo}, err
	})
}

// NowMatch is the answer where others match than were seen.
func NowMatch(n int) error {
	words := "Now %d match. Nothing was changed yet."
	if n == 1 {
		words = "Now %d matches. Nothing was changed yet."
	}
	return fault.New(fault.Conflict, fmt.Sprintf(words, n))
}

func firstOutcome(rows []rosterdb.ChooseInvitationsRow) []byte {
	if len(rows) == 0 {
		return nil
	}
	return rows[0].DoneBefore
}

// sendTogether is SendAgain for many. They were read under the lock, so what becomes of each is known.
func (r *Roster) sendTogether(ctx context.Context, q *rosterdb.Queries, a Actor, rows []rosterdb.ChooseInvitationsRow) error {
	var subjects named
	var digests [][]byte
	var letters []mail.Letter
	for _, row := range rows {
		t := newToken(a.org.ID)
		subjects.add(row.ID, row.Email)
		digests = append(digests, t.digest)
		letters = append(letters, r.invitationLetter(a, row.ID, row.Email, role.Highest(role.ParseAll(row.Roles)), row.Message, row.OpenUntil, row.Sending+1, t))
	}
	if err := q.ReplaceTokens(ctx, rosterdb.ReplaceTokensParams{OrgID: a.org.ID, InvitationIds: subjects.ids}); err != nil {
		return err
	}
	if err := q.InsertInvitationTokens(ctx, rosterdb.InsertInvitationTokensParams{OrgID: a.org.ID, Digests: digests, InvitationIds: subjects.ids, Kind: "mailed"}); err != nil {
		return err
	}
	if err := q.RenewChosen(ctx, rosterdb.RenewChosenParams{Delivery: "queued", InvitedBy: a.person.ID, OrgID: a.org.ID, InvitationIds: subjects.ids}); err != nil {
		return err
	}
	if err := r.post(ctx, q, letters...); err != nil {
		return err
	}
	return a.author().writeMany(ctx, q, entry{event: InvitationSentAgain, subjectKind: "invitation", after: facts{"together": len(rows)}}, subjects)
}

// revokeTogether is Revoke for many. Each has its entry in the log, and one entry for all of them is what an Undo
// takes back.
func (r *Roster) revokeTogether(ctx context.Context, q *rosterdb.Queries, a Actor, rows []rosterdb.ChooseInvitationsRow) (string, error) {
	var subjects named
	for _, row := range rows {
		subjects.add(row.ID, row.Email)
	}
	if err := q.RevokeChosen(ctx, a.org.ID, subjects.ids); err != nil {
		return "", err
	}
	if err := a.author().writeMany(ctx, q, entry{event: InvitationRevoked, subjectKind: "invitation", before: facts{"state": "open"}, after: facts{"state": "revoked"}}, subjects); err != nil {
		return "", err
	}
	event, err := a.author().write(ctx, q, entry{event: InvitationsRevoked, subjectKind: "organization", subject: a.org.ID, name: a.org.Name,
		before: facts{"revoked_invitations": subjects.ids}, after: facts{"invitations": len(subjects.ids)}})
	return publicid.Event.Of(event), err
}

// undoTogether opens again what was revoked together, as far as nothing newer stands in the way.
func (r *Roster) undoTogether(ctx context.Context, q *rosterdb.Queries, a Actor, e rosterdb.GetUndoableRow, before snapshot, undone *Undone) error {
	reopened, err := q.ReopenInvitations(ctx, rosterdb.ReopenInvitationsParams{OrgID: a.org.ID, Ids: before.Revoked, ActorID: a.person.ID})
	if err != nil {
		return err
	}
	var subjects named
	for _, one := range reopened {
		actor := role.ParseAll(one.ActorRoles) // as they are now, under the lock
		switch {
		case one.ActorStatus != "active":
			return lostAccess(a)
		case !role.May(actor, role.InvitationsRevoke, role.Settings{MembersMayInvite: one.MembersMayInvite}):
			return notAllowed(actor, role.InvitationsRevoke)
		}
		if err := mayGrantAll(actor, one.Roles); err != nil {
			return err
		}
		subjects.add(one.ID, one.Email)
		if !one.Expired {
			undone.Open++
		}
	}
	if err := a.author().writeMany(ctx, q, entry{event: InvitationReopened, subjectKind: "invitation", before: facts{"state": "revoked"}, after: facts{"state": "open"}}, subjects); err != nil {
		return err
	}
	_, err = a.author().write(ctx, q, entry{event: InvitationReopened, subjectKind: "organization", subject: a.org.ID, name: a.org.Name, undoes: &e.ID,
		after: facts{"invitations": len(subjects.ids)}})
	undone.Together = true
	undone.Text = fmt.Sprintf("%d invitations are open again.", len(reopened))
	if len(reopened) == 1 {
		undone.Text = "1 invitation is open again."
	}
	switch left := len(before.Revoked) - len(reopened); {
	case left == 1:
		undone.Text += " 1 stays revoked: the person is a member, was invited again, or asked not to be."
	case left > 1:
		undone.Text += fmt.Sprintf(" %d stay revoked: the people are members, were invited again, or asked not to be.", left)
	}
	return err
}
