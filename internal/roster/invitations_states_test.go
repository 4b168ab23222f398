package roster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
)

// invited is somebody with an invitation of Ann's to Acme, and their link.
type invited struct {
	t    *testing.T
	w    *rostertest.World
	who  account.Person
	id   string
	row  uuid.UUID
	link string
}

var invitedPeople atomic.Int64

func inviteSomebody(t *testing.T, w *rostertest.World) *invited {
	t.Helper()
	n := invitedPeople.Add(1)
	s := &invited{t: t, w: w, who: w.Person(t, fmt.Sprintf("Mo %d", n), fmt.Sprintf("mo%d@many.example", n))}
	s.id = w.Invite(t, w.Ann, acme, s.who.Email, role.Viewer)
	s.row, _ = publicid.Invitation.Parse(s.id)
	s.link = w.Tokens(t, mail.KindInvitation, s.who.Email)[0]
	s.set("sent_at = sent_at - interval '1 hour'")
	return s
}

func (s *invited) set(sql string, args ...any) {
	s.t.Helper()
	s.w.SQL(s.t, "UPDATE roster.invitations SET "+sql+" WHERE id = $1", append([]any{s.row}, args...)...)
}

// stage is where it stands, in the words of the list.
func (s *invited) stage() string {
	s.t.Helper()
	i, err := s.w.Roster.Invitation(s.t.Context(), s.w.As(s.t, s.w.Ann, acme), s.id)
	if err != nil {
		s.t.Fatal(err)
	}
	switch {
	case i.State != "open":
		return i.State
	case i.Asked.After(i.Sent):
		return "opened"
	case i.Delivery == "sent":
		return "delivered"
	case i.Delivery == "failed":
		return "bounced"
	}
	return "pending"
}

// heard is what the worker says of a letter.
func heard(t *testing.T, w *rostertest.World, org uuid.UUID, d mail.Delivery) {
	t.Helper()
	d.Org = org.String()
	if err := pgx.BeginFunc(t.Context(), w.DB.Jobs(), func(tx pgx.Tx) error { return w.Roster.LetterOutcome(t.Context(), tx, d) }); err != nil {
		t.Fatal(err)
	}
}

func (s *invited) outcome(state mail.State, sending int) {
	s.t.Helper()
	heard(s.t, s.w, s.w.As(s.t, s.w.Ann, acme).Organization().ID, mail.Delivery{Invitation: s.row.String(), Sending: sending, State: state, Detail: map[bool]string{true: "the mailbox does not exist"}[state == mail.Failed]})
}

func (s *invited) do(act string) error {
	s.t.Helper()
	ctx, ann, w := s.t.Context(), s.w.As(s.t, s.w.Ann, acme), s.w
	var err error
	switch act {
	case "nothing":
	case "send again":
		_, err = w.Roster.SendAgain(ctx, ann, s.id)
	case "make a link":
		_, _, err = w.Roster.MakeLink(ctx, ann, s.id)
	case "change the role":
		_, _, err = w.Roster.ChangeInvitationRole(ctx, ann, s.id, role.Guest)
	case "correct":
		_, _, err = w.Roster.Correct(ctx, ann, s.id, "right."+s.who.Email)
	case "revoke":
		_, _, err = w.Roster.Revoke(ctx, ann, s.id)
	case "revoke and undo":
		var undo string
		if _, undo, err = w.Roster.Revoke(ctx, ann, s.id); err == nil {
			_, err = w.Roster.Undo(ctx, ann, undo)
		}
	case "join":
		_, err = w.Roster.Join(ctx, s.who, s.link, rostertest.Trace())
	case "decline":
		_, err = w.Roster.Decline(ctx, s.who, s.link, false, rostertest.Trace())
	case "report":
		_, err = w.Roster.Report(ctx, s.link, rostertest.Trace())
	case "ask again":
		_, err = w.Roster.AskAgain(ctx, s.link, &s.who, rostertest.Trace())
	case "delivered":
		s.outcome(mail.Sent, 1)
	case "bounced":
		s.outcome(mail.Failed, 1)
	case "time passes":
		s.set("expires_at = now() - interval '1 second'")
	case "invite anew":
		var done roster.Invited
		if done, err = w.Roster.Invite(ctx, ann, roster.Invite{Addresses: s.who.Email, Role: "guest"}); err == nil && done.Sent == 0 {
			err = fault.New(fault.Conflict, done.Verdicts[0].Note)
		}
	default:
		s.t.Fatal(act)
	}
	return err
}

// arrange brings a new invitation to where it should stand.
func (s *invited) arrange(stage string) {
	s.t.Helper()
	var err error
	switch stage {
	case "delivered":
		s.outcome(mail.Sent, 1)
	case "bounced":
		s.outcome(mail.Failed, 1)
	case "opened":
		s.set("asked_at = now()")
	case "expired":
		err = s.do("time passes")
	case "accepted":
		err = s.do("join")
	case "declined":
		err = s.do("decline")
	case "revoked":
		err = s.do("revoke")
	}
	if err != nil {
		s.t.Fatal(err)
	}
	if got := s.stage(); got != stage {
		s.t.Fatalf("it is arranged as %s, not %s", got, stage)
	}
}

// C046 C047 C048 C067 C169: where an invitation stands, and what each act makes of it. A dash: it is refused, and nothing
// changes. Opened is told only by what people do: they asked for another one. Superseded is the state of a link.
func TestStatesOfAnInvitation(t *testing.T) {
	t.Parallel()
	const refused = "-"
	stages := []string{"pending", "delivered", "bounced", "opened", "expired", "accepted", "declined", "revoked"}
	w := rostertest.New(t)
	for _, act := range []struct {
		name string
		to   [8]string // in the order of stages
	}{
		{"send again", [8]string{"pending", "pending", "pending", "pending", "pending", refused, refused, refused}},
		{"make a link", [8]string{"pending", "delivered", "bounced", "opened", "pending", refused, refused, refused}},
		{"change the role", [8]string{"pending", "delivered", "bounced", "opened", "expired", refused, refused, refused}},
		{"correct", [8]string{"pending", "pending", "pending", "pending", "pending", refused, refused, refused}},
		{"revoke", [8]string{"revoked", "revoked", "revoked", "revoked", "revoked", refused, "revoked", refused}},
		{"revoke and undo", [8]string{"pending", "delivered", "bounced", "opened", "expired", refused, "declined", refused}},
		{"join", [8]string{"accepted", "accepted", "accepted", "accepted", refused, "accepted", "accepted", refused}},
		{"decline", [8]string{"declined", "declined", "declined", "declined", refused, refused, "declined", refused}},
		{"report", [8]string{"declined", "declined", "declined", "declined", "expired", "accepted", "declined", "revoked"}},
		{"ask again", [8]string{refused, refused, refused, refused, "expired", refused, refused, "revoked"}},
		{"delivered", [8]string{"delivered", "delivered", "delivered", "opened", "expired", "accepted", "declined", "revoked"}},
		{"bounced", [8]string{"bounced", "bounced", "bounced", "opened", "expired", "accepted", "declined", "revoked"}},
		{"time passes", [8]string{"expired", "expired", "expired", "expired", "expired", "accepted", "declined", "revoked"}},
		{"invite anew", [8]string{refused, refused, refused, refused, refused, refused, "declined", "revoked"}},
	} {
		for i, stage := range stages {
			s := inviteSomebody(t, w)
			s.arrange(stage)
			err, want := s.do(act.name), act.to[i]
			switch {
			case want == refused && !fault.Is(err, fault.Conflict):
				t.Errorf("%s, %s: %v, want a refusal", stage, act.name, err)
			case want != refused && err != nil:
				t.Errorf("%s, %s: %v", stage, act.name, err)
			case want == refused:
				want = stage
			}
			if got := s.stage(); got != want {
				t.Errorf("%s, %s: it is %s, want %s", stage, act.name, got, want)
			}
			offer, err := w.Roster.Offer(t.Context(), s.link, nil)
			switch {
			case act.to[i] == "pending" && act.name == "send again" && offer.Situation != roster.Replaced:
				t.Errorf("%s, %s: the link before is %s, want superseded", stage, act.name, offer.Situation)
			case act.to[i] == "pending" && act.name == "correct" && !fault.Is(err, fault.NotFound):
				t.Errorf("%s, %s: the link before still leads to %+v", stage, act.name, offer)
			}
		}
	}
}

// C046: a late word about a letter that was replaced is no news, and the letter itself is not sent any more.
func TestAReplacedLetterIsNoNews(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	s := inviteSomebody(t, w)
	if err := s.do("send again"); err != nil {
		t.Fatal(err)
	}
	s.outcome(mail.Sent, 2)
	s.outcome(mail.Failed, 1)
	if got := s.stage(); got != "delivered" {
		t.Errorf("the failure of the first letter makes it %s", got)
	}
	if n := letters(t, w, mail.KindInvitationBounced, w.Ann.Email); n != 0 {
		t.Errorf("Ann is written to about it %d times", n)
	}
	for sending, want := range map[int]error{1: mail.ErrNotWanted, 2: nil, 0: nil} {
		if err := allow(t, w, mail.Envelope{Kind: mail.KindInvitation, To: s.who.EmailNorm, Org: w.As(t, w.Ann, acme).Organization().ID.String(), Subject: s.row.String(), Sending: sending}); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("letter %d: %v, want %v", sending, err, want)
		}
	}
}

// allow asks whether a letter may leave.
func allow(t *testing.T, w *rostertest.World, e mail.Envelope) error {
	t.Helper()
	return pgx.BeginFunc(t.Context(), w.DB.Jobs(), func(tx pgx.Tx) error {
		_, err := w.Roster.AllowLetter(t.Context(), tx, e)
		return err
	})
}

// letters counts those that wait for somebody.
func letters(t *testing.T, w *rostertest.World, kind mail.Kind, to string) int {
	t.Helper()
	return w.Count(t, `SELECT count(*) FROM river.river_job WHERE args->>'letter' = $1 AND args->'data'->>'To' = $2`, string(kind), to)
}

// C061: the inviter is told of an acceptance, a refusal, a letter that came back and, in one letter, of what expired
// yesterday; each can be turned off, by the person alone, and acts on what waits already.
func TestTheInviterIsTold(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	accounts, err := account.New(account.Config{DB: w.DB, Outbox: w.Outbox, Key: w.Key, Mails: true})
	if err != nil {
		t.Fatal(err)
	}
	tell := map[mail.Kind]func(s *invited) error{
		mail.KindInvitationAccepted: func(s *invited) error { return s.do("join") },
		mail.KindInvitationDeclined: func(s *invited) error { return s.do("decline") },
		mail.KindInvitationBounced:  func(s *invited) error { return s.do("bounced") },
		mail.KindInvitationExpired: func(s *invited) error {
			inviteSomebody(t, w).set("expires_at = now() - interval '1 day'")
			s.set("expires_at = now() - interval '1 day'")
			for range 2 {
				if err := w.Roster.Housekeeping(t.Context()); err != nil {
					return err
				}
			}
			return nil
		},
	}
	for _, kind := range mail.Choices {
		before := letters(t, w, kind, w.Ann.Email)
		if err := tell[kind](inviteSomebody(t, w)); err != nil {
			t.Fatal(err)
		}
		if n := letters(t, w, kind, w.Ann.Email) - before; n != 1 {
			t.Errorf("%s: %d letters to the inviter, want 1", kind, n)
		}
		letter := mail.Envelope{Kind: kind, To: w.Ann.EmailNorm, Org: w.As(t, w.Ann, acme).Organization().ID.String()}
		if err := allow(t, w, letter); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if err := accounts.SetLettersOff(t.Context(), w.Ann.ID, []mail.Kind{kind, mail.KindResetPassword}); err != nil {
			t.Fatal(err)
		}
		if off, err := accounts.LettersOff(t.Context(), w.Ann.ID); err != nil || len(off) != 1 || off[0] != kind {
			t.Errorf("%s: turned off are %v, %v", kind, off, err)
		}
		for _, other := range mail.Choices {
			letter.Kind = other
			if err := allow(t, w, letter); (other == kind) != errors.Is(err, mail.ErrNotWanted) {
				t.Errorf("with %s off, %s: %v", kind, other, err)
			}
		}
		letter.Kind, letter.To = kind, w.Ben.EmailNorm
		if err := allow(t, w, letter); err != nil {
			t.Errorf("%s of somebody else: %v", kind, err)
		}
	}
}

// C062: one reminder to the invitee when two days are left, with a link of its own beside the first one; none if a
// person did something with it, none twice, none for short lives, for what was not delivered, or what cannot be joined by.
func TestReminders(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	house := func() {
		t.Helper()
		for range 2 {
			if err := w.Roster.Housekeeping(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		set  string
		want int
	}{
		"two days left":     {"delivery = 'sent', expires_at = now() + interval '47 hours'", 1},
		"more than two":     {"delivery = 'sent', expires_at = now() + interval '49 hours'", 0},
		"over":              {"delivery = 'sent', expires_at = now() - interval '1 hour'", 0},
		"a short life":      {"delivery = 'sent', expires_at = now() + interval '20 hours', life = interval '1 day'", 0},
		"not delivered":     {"delivery = 'failed', expires_at = now() + interval '20 hours'", 0},
		"asked for another": {"delivery = 'sent', expires_at = now() + interval '20 hours', asked_at = now()", 0},
		"declined":          {"delivery = 'sent', expires_at = now() + interval '20 hours', state = 'declined'", 0},
		"revoked":           {"delivery = 'sent', expires_at = now() + interval '20 hours', state = 'revoked'", 0},
	} {
		s := inviteSomebody(t, w)
		s.set(c.set)
		house()
		tokens := w.Tokens(t, mail.KindInvitationReminder, s.who.Email)
		if len(tokens) != c.want {
			t.Errorf("%s: %d reminders, want %d", name, len(tokens), c.want)
		}
		for _, link := range append(tokens, s.link) {
			if offer, err := w.Roster.Offer(t.Context(), link, &s.who); c.want == 1 && (err != nil || offer.Situation != roster.SameAddress || !offer.Mailed && link != s.link) {
				t.Errorf("%s: the link leads to %+v, %v", name, offer, err)
			}
		}
		if c.want == 1 {
			if err := s.do("send again"); err != nil {
				t.Fatal(err)
			}
			if offer, err := w.Roster.Offer(t.Context(), tokens[0], nil); err != nil || offer.Situation != roster.Replaced {
				t.Errorf("after a newer letter the reminder's link leads to %+v, %v", offer, err)
			}
		}
	}
	// Of many in several organizations each is reminded of once.
	w.SQL(t, waitingSQL, w.Ann.ID, 250)
	w.SQL(t, "UPDATE roster.invitations SET expires_at = now() + interval '40 hours', delivery = 'sent' WHERE email LIKE 'p%@many.example'")
	w.Invite(t, w.Zoe, rostertest.Other, "far@other.example", role.Member)
	w.SQL(t, "UPDATE roster.invitations SET expires_at = now() + interval '40 hours', delivery = 'sent' WHERE email = 'far@other.example'")
	suspended := inviteSomebody(t, w)
	suspended.set("delivery = 'sent', expires_at = now() + interval '20 hours', invited_by = $2", w.Ben.ID)
	if _, err := w.Roster.Suspend(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, w.Ben, acme)); err != nil {
		t.Fatal(err)
	}
	before := w.Count(t, "SELECT count(*) FROM river.river_job WHERE args->>'letter' = 'invitation_reminder'")
	house()
	if n := w.Count(t, "SELECT count(*) FROM river.river_job WHERE args->>'letter' = 'invitation_reminder'") - before; n != 251 {
		t.Errorf("%d reminders, want 251", n)
	}
	if n := w.Count(t, "SELECT count(*) FROM roster.audit_events WHERE event = 'invitation.reminded' AND actor_kind = 'system'"); n != 252 {
		t.Errorf("the log has %d reminders", n)
	}
}

// C062: pages cannot ask which organizations have something due, nor what anybody turned off.
func TestDueAndTurnedOffAreTheWorkersBusiness(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for _, role := range []string{"roster_app", "roster_auth"} {
		conn := w.Database.As(t, role)
		for _, sql := range []string{"SELECT door.organizations_due(1)", "SELECT door.letter_off('ann@acme.example', 'invitation_bounced')"} {
			if _, err := conn.Exec(context.Background(), sql); err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s, %s: %v", role, sql, err)
			}
		}
	}
	if _, err := w.Database.As(t, "roster_app").Exec(t.Context(), "SELECT letters_off FROM roster.users"); err == nil {
		t.Error("pages read what people turned off")
	}
}

// C046 I60: a correction is judged like inviting, keeps the row, and leads the old link nowhere: whoever has it can
// neither join, nor see the right address, nor decline or report in the other's name.
func TestCorrectingAnAddress(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	s := inviteSomebody(t, w)
	s.arrange("bounced")
	ann := w.As(t, w.Ann, acme)
	w.Invite(t, w.Ann, acme, "waiting@acme.example", role.Viewer)
	w.SQL(t, "INSERT INTO roster.invitation_blocks (org_id, email_norm) SELECT id, 'never@acme.example' FROM roster.organizations WHERE slug = 'acme'")
	for email, words := range map[string]string{"no address": "", s.who.Email: "it went to", "BEN@acme.example": "Ben Admin is already a member", "waiting@acme.example": "has an invitation already", "never@acme.example": "asked not to be invited"} {
		_, _, err := w.Roster.Correct(t.Context(), ann, s.id, email)
		rostertest.Refused(t, err, fault.Invalid, words)
	}
	_, _, err := w.Roster.Correct(t.Context(), w.As(t, w.Zoe, rostertest.Other), s.id, "right@acme.example")
	rostertest.Refused(t, err, fault.NotFound, "")
	if got := s.stage(); got != "bounced" {
		t.Fatalf("a refused correction makes it %s", got)
	}
	rows := w.Count(t, "SELECT count(*) FROM roster.invitations")
	corrected, link, err := w.Roster.Correct(t.Context(), ann, s.id, "Right@acme.example")
	if err != nil || corrected.Email != "Right@acme.example" || corrected.ID != s.id || link != "" || s.stage() != "pending" {
		t.Fatalf("%+v, %q, %v", corrected, link, err)
	}
	if n := w.Count(t, "SELECT count(*) FROM roster.invitations"); n != rows {
		t.Errorf("there are %d rows, not %d", n, rows)
	}
	if tokens := w.Tokens(t, mail.KindInvitation, "Right@acme.example"); len(tokens) != 1 {
		t.Fatalf("%d letters to the right address", len(tokens))
	} else if offer, err := w.Roster.Offer(t.Context(), tokens[0], nil); err != nil || offer.Situation != roster.NoAccount || offer.Email != "Right@acme.example" {
		t.Errorf("%+v, %v", offer, err)
	}
	for _, act := range []string{"join", "decline", "report", "ask again"} {
		if err := s.do(act); !fault.Is(err, fault.NotFound) {
			t.Errorf("the old link, %s: %v", act, err)
		}
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'invitation.corrected' AND before->>'email' = $1 AND after->>'email' = 'Right@acme.example'`, s.who.Email); n != 1 {
		t.Errorf("the log has %d entries", n)
	}
	quiet := roster.New(w.DB, w.Outbox, false)
	_, link, err = quiet.Correct(t.Context(), ann, s.id, "other@acme.example")
	if offer, lost := w.Roster.Offer(t.Context(), link, nil); err != nil || lost != nil || offer.Email != "other@acme.example" {
		t.Errorf("without a mail server: %q, %v, %+v, %v", link, err, offer, lost)
	}
}

// C068: open invitations of somebody who may not give such roles any more go on under the name of who lowered them, or
// are revoked if they lower themselves; Undo gives them back, but not those that somebody newer took, or that are closed.
func TestInvitationsOfADemotedInviter(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	olga := w.Person(t, "Olga Owner", "olga@acme.example")
	w.Join(t, w.Ann, acme, olga, role.Owner)
	at := func(email string) (inviter, state string) {
		t.Helper()
		page, err := w.Roster.Invitations(t.Context(), w.As(t, w.Ann, acme), roster.InvitationList{Show: "all", Search: email})
		if err != nil || len(page.Rows) != 1 {
			t.Fatalf("%s: %+v, %v", email, page, err)
		}
		return page.Rows[0].Inviter, page.Rows[0].State
	}
	stands := func(what, email, inviter, state string) {
		t.Helper()
		if i, s := at(email); i != inviter || s != state {
			t.Errorf("%s: %s is of %s and %s, want %s and %s", what, email, i, s, inviter, state)
		}
	}
	ids := map[string]string{}
	for email, as := range map[string]role.Role{"one@new.example": role.Member, "two@new.example": role.Admin, "three@new.example": role.Viewer} {
		ids[email] = w.Invite(t, olga, acme, email, as)
	}
	demoted, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, olga, acme), role.Admin)
	if err != nil {
		t.Fatal(err)
	}
	stands("an owner is an admin", "one@new.example", "Olga Owner", "open")
	stands("an owner is an admin", "two@new.example", "Ann Owner", "open")
	if _, err := w.Roster.Undo(t.Context(), w.As(t, w.Ann, acme), demoted.Undo); err != nil {
		t.Fatal(err)
	}
	stands("undone", "two@new.example", "Olga Owner", "open")

	demoted, err = w.Roster.ChangeRole(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, olga, acme), role.Viewer)
	if err != nil {
		t.Fatal(err)
	}
	stands("an owner is a viewer", "one@new.example", "Ann Owner", "open")
	w.SQL(t, "UPDATE roster.invitations SET sent_at = sent_at - interval '1 hour'")
	if _, err := w.Roster.SendAgain(t.Context(), w.As(t, w.Ben, acme), ids["one@new.example"]); err != nil { // somebody newer
		t.Fatal(err)
	}
	if _, _, err := w.Roster.Revoke(t.Context(), w.As(t, w.Ann, acme), ids["three@new.example"]); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Roster.Undo(t.Context(), w.As(t, w.Ann, acme), demoted.Undo); err != nil {
		t.Fatal(err)
	}
	stands("undone", "one@new.example", "Ben Admin", "open")
	stands("undone", "two@new.example", "Olga Owner", "open")
	stands("undone", "three@new.example", "Ann Owner", "revoked")

	if _, err := w.Roster.ChangeRole(t.Context(), w.As(t, olga, acme), w.Membership(t, olga, acme), role.Viewer); err != nil {
		t.Fatal(err)
	}
	stands("by herself", "two@new.example", "Olga Owner", "revoked")
	if n := w.Count(t, "SELECT count(*) FROM roster.audit_events WHERE event = 'invitation.taken_over' AND subject_name LIKE '%new.example'"); n != 6 {
		t.Errorf("the log has %d entries, want 6", n)
	}
}

// C169: a declined invitation is withdrawn by hand, and Undo restores it bit for bit, unless something newer stands.
func TestRevokingADeclinedInvitation(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	s := inviteSomebody(t, w)
	s.arrange("declined")
	bits := func() int {
		return w.Count(t, "SELECT count(*) FROM (SELECT DISTINCT state, decided_at, expires_at, invited_by, roles FROM roster.invitations WHERE id = $1) x", s.row)
	}
	w.SQL(t, "CREATE TABLE roster.before AS SELECT state, decided_at, expires_at, invited_by, roles FROM roster.invitations WHERE id = $1", s.row)
	_, undo, err := w.Roster.Revoke(t.Context(), w.As(t, w.Ann, acme), s.id)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.do("join"); !fault.Is(err, fault.Conflict) {
		t.Errorf("joined by it all the same: %v", err)
	}
	undone, err := w.Roster.Undo(t.Context(), w.As(t, w.Ann, acme), undo)
	if err != nil || undone.Invitation.State != "declined" || bits() != 1 {
		t.Fatalf("%+v, %v", undone, err)
	}
	if n := w.Count(t, "SELECT count(*) FROM (SELECT * FROM roster.before EXCEPT SELECT state, decided_at, expires_at, invited_by, roles FROM roster.invitations WHERE id = $1) x", s.row); n != 0 {
		t.Error("it is not as it was")
	}
	if _, undo, err = w.Roster.Revoke(t.Context(), w.As(t, w.Ann, acme), s.id); err != nil {
		t.Fatal(err)
	}
	if err := s.do("invite anew"); err != nil {
		t.Fatal(err)
	}
	_, err = w.Roster.Undo(t.Context(), w.As(t, w.Ann, acme), undo)
	rostertest.Refused(t, err, fault.Conflict, "invited again since")
}

// C073: whoever holds a revoked link asks for a new one once a day; the answer is the same for an address with an
// account, for one without, and for one that is blocked; only of that nobody is told.
func TestAskingAgainAfterRevoking(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	var first roster.Offer
	for i, blocked := range []bool{false, true} {
		s := inviteSomebody(t, w)
		s.arrange("revoked")
		if blocked {
			w.SQL(t, "INSERT INTO roster.invitation_blocks (org_id, email_norm) SELECT id, $1 FROM roster.organizations WHERE slug = 'acme'", s.who.EmailNorm)
		}
		for range 2 {
			offer, err := w.Roster.AskAgain(t.Context(), s.link, nil, rostertest.Trace())
			if err != nil || !offer.AskedToday || offer.Situation != roster.Revoked {
				t.Fatalf("%+v, %v", offer, err)
			}
			offer.Token, offer.Email, offer.Created, offer.Expires, offer.Decided = "", "", first.Created, first.Expires, first.Decided
			if i == 0 {
				first = offer
			} else if fmt.Sprint(offer) != fmt.Sprint(first) {
				t.Errorf("blocked it answers\n%+v, else\n%+v", offer, first)
			}
		}
		if n := letters(t, w, mail.KindInvitationAskedAgain, w.Ann.Email); n != 1 {
			t.Errorf("Ann has %d letters, want 1", n)
		}
	}
}

// N34 C169: many together: three lists before and after, one way back, and each has its entry in the log.
func TestManyTogether(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann, ben := w.As(t, w.Ann, acme), w.As(t, w.Ben, acme)
	good, fresh, gone, high := inviteSomebody(t, w), inviteSomebody(t, w), inviteSomebody(t, w), inviteSomebody(t, w)
	fresh.set("sent_at = now()")
	gone.arrange("revoked")
	high.set("roles = '{admin}'")
	ids := []string{good.id, fresh.id, gone.id, high.id}
	shape := func(s roster.Several) string {
		names := func(all []roster.OneOf) (names []string) {
			for _, one := range all {
				names = append(names, map[string]string{good.id: "good", fresh.id: "fresh", gone.id: "gone", high.id: "high"}[one.ID])
			}
			return names
		}
		return fmt.Sprint(names(s.Done), names(s.Skipped), names(s.Already))
	}
	for act, want := range map[string]string{roster.TogetherSend: "[good] [gone high] [fresh]", roster.TogetherRevoke: "[good fresh] [high] [gone]"} {
		ask := roster.Together{Act: act, IDs: ids}
		judged, err := w.Roster.JudgeTogether(t.Context(), ben, ask)
		if err != nil || shape(judged) != want {
			t.Errorf("%s is judged %s, %v; want %s", act, shape(judged), err, want)
		}
	}
	sent, err := w.Roster.ChangeTogether(t.Context(), ben, roster.Together{Act: roster.TogetherSend, IDs: ids})
	if err != nil || shape(sent) != "[good] [gone high] [fresh]" || len(w.Tokens(t, mail.KindInvitation, good.who.Email)) != 2 {
		t.Errorf("%s, %v", shape(sent), err)
	}
	revoked, err := w.Roster.ChangeTogether(t.Context(), ben, roster.Together{Act: roster.TogetherRevoke, IDs: ids})
	if err != nil || shape(revoked) != "[good fresh] [high] [gone]" || good.stage() != "revoked" || high.stage() != "pending" {
		t.Errorf("%s, %v", shape(revoked), err)
	}
	if err := fresh.do("invite anew"); err != nil { // stands in the way of the Undo
		t.Fatal(err)
	}
	_, err = w.Roster.Undo(t.Context(), ann, revoked.Undo)
	rostertest.Refused(t, err, fault.NotFound, "") // Ben's
	undone, err := w.Roster.Undo(t.Context(), ben, revoked.Undo)
	if err != nil || !undone.Together || good.stage() != "pending" || fresh.stage() != "revoked" || !strings.Contains(undone.Text, "1 invitation is open again. 1 stays revoked") {
		t.Errorf("%+v, %v", undone, err)
	}
	_, err = w.Roster.Undo(t.Context(), ben, revoked.Undo)
	rostertest.Refused(t, err, fault.Conflict, "undone already")

	// I60: of another organization none is chosen, by id or by filter.
	far := w.Invite(t, w.Zoe, rostertest.Other, "far@other.example", role.Member)
	_, err = w.Roster.ChangeTogether(t.Context(), ann, roster.Together{Act: roster.TogetherRevoke, IDs: []string{far}})
	rostertest.Refused(t, err, fault.NotFound, "")
	_, err = w.Roster.ChangeTogether(t.Context(), w.As(t, w.Vic, acme), roster.Together{Act: roster.TogetherRevoke, IDs: ids})
	rostertest.Refused(t, err, fault.Forbidden, "")

	// All that match, if they are as many as were seen; above fifty by a job that can be undone.
	w.SQL(t, waitingSQL, w.Ann.ID, 60)
	list := roster.InvitationList{Search: "p", Show: "open"}
	_, err = w.Roster.ChangeTogether(t.Context(), ann, roster.Together{Act: roster.TogetherRevoke, All: true, List: list, Seen: 59})
	rostertest.Refused(t, err, fault.Conflict, "Now 60 match")
	started, err := w.Roster.ChangeTogether(t.Context(), ann, roster.Together{Act: roster.TogetherRevoke, All: true, List: list, Seen: 60})
	if err != nil || started.Job == "" {
		t.Fatalf("%+v, %v", started, err)
	}
	if err := goOn(t, w, started.Job); err != nil {
		t.Fatal(err)
	}
	job, err := w.Roster.Job(t.Context(), ann, started.Job, "", "")
	if err != nil || job.Done != 60 || job.Undoable != 60 || job.Title != "Revoke 60 invitations" {
		t.Errorf("%+v, %v", job, err)
	}
	if n := w.Count(t, "SELECT count(*) FROM roster.invitations WHERE state = 'revoked' AND email LIKE 'p%@many.example'"); n != 60 {
		t.Errorf("%d are revoked", n)
	}
}
