package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/suite"
)

// line lets changes of Acme stand in line, by holding the lock that each of them takes first.
type line struct {
	w    *rostertest.World
	tx   pgx.Tx
	look *pgx.Conn
}

func hold(t testing.TB, w *rostertest.World) line {
	t.Helper()
	tx, err := w.Database.Superuser(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := line{w, tx, w.Database.Superuser(t)}
	l.exec(t, `SELECT FROM roster.organizations WHERE slug = 'acme' FOR UPDATE`)
	return l
}

// exec is what whoever holds the lock changes.
func (l line) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := l.tx.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// waits returns when so many stand in line.
func (l line) waits(t testing.TB, n int) {
	t.Helper()
	suite.Until(t, fmt.Sprintf("%d stand in line", n), func() bool {
		var waiting int
		if err := l.look.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		return waiting >= n
	})
}

// release lets them go.
func (l line) release(t testing.TB) {
	t.Helper()
	if err := l.tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// I127: the log's time is that of the change, and not when it began to wait for its turn: what was done later
// stands later.
func TestTheLogIsInTheOrderOfTheChanges(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann, cem := w.As(t, w.Ann, acme), w.Membership(t, w.Cem, acme)
	l := hold(t, w)
	done := make(chan error)
	go func() {
		done <- suite.Patiently(t, func() error {
			_, err := w.Roster.Remove(t.Context(), ann, cem, roster.Removal{RevokeInvitations: true})
			return err
		})
	}()
	l.waits(t, 1)
	var before time.Time
	if err := l.look.QueryRow(t.Context(), `SELECT clock_timestamp()`).Scan(&before); err != nil {
		t.Fatal(err)
	}
	l.release(t)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'membership.removed' AND at > $1`, before); n != 1 {
		t.Error("the log says that it was done before its turn came")
	}
}

// I57: an invitation that ends while somebody waits for their turn to accept it lets them in no more.
func TestAnInvitationThatEndsMeanwhileLetsNobodyIn(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	link := w.Link(t, w.Ann, acme, w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Admin))
	if _, err := w.Roster.Decline(t.Context(), w.Zoe, link, false, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}
	l := hold(t, w)
	done := make(chan error)
	go func() {
		done <- suite.Patiently(t, func() error {
			_, err := w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace())
			return err
		})
	}()
	l.waits(t, 1)
	l.exec(t, `UPDATE roster.invitations SET expires_at = clock_timestamp() WHERE state = 'declined'`) // as a newer invitation does
	l.release(t)
	rostertest.Refused(t, <-done, fault.Conflict, "Nothing was done")
	if n := w.Count(t, `SELECT count(*) FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id WHERE o.slug = 'acme' AND m.user_id = $1`, w.Zoe.ID); n != 0 {
		t.Error("they are inside")
	}
}

// R24: an invitee's answer stands in line like every other change, so that none of two waits for the other; and it
// is judged, logged and written about as things are when its turn comes.
func TestAnInviteesAnswerWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for i, c := range []struct {
		name  string
		do    func(id, link string) error
		event string
		until string // what has become of the invitation, or its inviter, when its turn comes
		state string
	}{
		{"decline", func(_, link string) error {
			_, err := w.Roster.Decline(t.Context(), w.Zoe, link, false, rostertest.Trace())
			return err
		}, roster.InvitationDeclined, `UPDATE roster.invitations SET invited_by = $2 WHERE email_norm = $1`, "open"},
		{"report", func(_, link string) error {
			_, err := w.Roster.Report(t.Context(), link, rostertest.Trace())
			return err
		}, roster.InvitationReported, `UPDATE roster.invitations SET state = 'revoked', invited_by = $2 WHERE email_norm = $1`, "revoked"},
		{"ask again", func(_, link string) error {
			_, err := w.Roster.AskAgain(t.Context(), link, &w.Gus, rostertest.Trace())
			return err
		}, roster.InvitationAskedAgain, `UPDATE roster.invitations SET invited_by = $2 WHERE email_norm = $1`, ""},
	} {
		w.SQL(t, `DELETE FROM roster.invitation_blocks`)
		w.SQL(t, `UPDATE roster.invitations SET state = 'revoked' WHERE state = 'open'`)
		w.SQL(t, `UPDATE roster.memberships SET status = 'removed' WHERE user_id = $1 AND org_id = (SELECT id FROM roster.organizations WHERE slug = 'acme')`, w.Gus.ID)
		id := w.Invite(t, w.Ben, acme, w.Zoe.Email, role.Guest)
		link := w.Link(t, w.Ben, acme, id)
		l := hold(t, w)
		done := make(chan error)
		go func() { done <- suite.Patiently(t, func() error { return c.do(id, link) }) }()
		l.waits(t, 1)
		l.exec(t, c.until, w.Zoe.EmailNorm, w.Ann.ID)
		l.release(t)
		if err := <-done; err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = $1 AND coalesce(before->>'state', '') = $2`, c.event, c.state); n != 1 {
			t.Errorf("%s: the log does not say that the invitation was %q", c.name, c.state)
		}
		// The letter goes to whoever is the inviter now; of one that was closed before nobody is told.
		if n := w.Count(t, `SELECT count(*) FROM river.river_job WHERE args->>'letter' IN ('invitation_declined', 'invitation_asked_again') AND args->'data'->>'To' = $1`, w.Ben.Email); n != 0 {
			t.Errorf("%s: round %d: %d letters to who invited before", c.name, i, n)
		}
	}
}

// X37 I61: whoever comes back by Undo is not invited any more, and whoever came in meanwhile is not invited again by it.
func TestUndoInvitesNoMember(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann := w.As(t, w.Ann, acme)
	removed, err := w.Roster.Remove(t.Context(), ann, w.Membership(t, w.Cem, acme), roster.Removal{})
	if err != nil {
		t.Fatal(err)
	}
	w.Invite(t, w.Ben, acme, w.Cem.Email, role.Viewer)
	if _, err := w.Roster.Undo(t.Context(), ann, removed.Undo); err != nil {
		t.Fatal(err)
	}
	revoked := func(email string) {
		t.Helper()
		if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm = $1 AND state = 'open'`, email); n != 0 {
			t.Errorf("%s is a member and invited", email)
		}
	}
	revoked(w.Cem.EmailNorm)
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'invitation.revoked' AND subject_name = $1`, w.Cem.Email); n != 1 {
		t.Errorf("%d entries say that the invitation was revoked", n)
	}

	first := w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Admin)
	_, undo, err := w.Roster.Revoke(t.Context(), ann, first)
	if err != nil {
		t.Fatal(err)
	}
	w.Join(t, w.Ann, acme, w.Zoe, role.Guest)
	_, err = w.Roster.Undo(t.Context(), ann, undo)
	rostertest.Refused(t, err, fault.Conflict, "belongs to a member now")
	revoked(w.Zoe.EmailNorm)
}

// way is one way for an owner to stop being one.
type way struct {
	name string
	do   func(c *cube, conn *pgx.Conn, s side) error
}

// statement takes an owner's role away as roster_app, past the program. That it is refused is an answer, and so is
// that it was given up because it does not stand in line.
func statement(from func(side) []uuid.UUID) func(*cube, *pgx.Conn, side) error {
	return func(c *cube, conn *pgx.Conn, s side) error {
		_, err := conn.Exec(c.t.Context(), `DELETE FROM roster.membership_roles WHERE role = 'owner' AND user_id = ANY ($1)`, from(s))
		if code := db.Constraint(err); code == "RO001" || code == "40001" || code == "40P01" {
			return fault.New(fault.Conflict, err.Error())
		}
		return err
	}
}

// ways are all, each by one owner on the other where it takes two. Statements as roster_app meet the trigger alone.
var ways = []way{
	{"demote", func(c *cube, _ *pgx.Conn, s side) error {
		_, err := c.Roster.ChangeRole(c.t.Context(), c.actors[s.actor.ID], c.ids[s.target.ID], role.Member)
		return err
	}},
	{"demote oneself", func(c *cube, _ *pgx.Conn, s side) error {
		_, err := c.Roster.ChangeRole(c.t.Context(), c.actors[s.actor.ID], c.ids[s.actor.ID], role.Member)
		return err
	}},
	{"remove", func(c *cube, _ *pgx.Conn, s side) error {
		_, err := c.Roster.Remove(c.t.Context(), c.actors[s.actor.ID], c.ids[s.target.ID], roster.Removal{})
		return err
	}},
	{"leave", func(c *cube, _ *pgx.Conn, s side) error {
		return c.Roster.Leave(c.t.Context(), c.actors[s.actor.ID])
	}},
	{"suspend", func(c *cube, _ *pgx.Conn, s side) error {
		_, err := c.Roster.Suspend(c.t.Context(), c.actors[s.actor.ID], c.ids[s.target.ID])
		return err
	}},
	{"a statement that takes the role from both", statement(func(s side) []uuid.UUID { return []uuid.UUID{s.target.ID, s.actor.ID} })},
	{"a statement that takes the role from one", statement(func(s side) []uuid.UUID { return []uuid.UUID{s.target.ID} })},
}

// ownerRounds is how often each pair of ways is started on a barrier (I67).
const ownerRounds = 150

// raceForTheEnd starts two ways at once, by two owners who are the only ones. It answers with how often each of
// them came through, and in how many rounds nobody was left who owns the organization.
func (c *cube) raceForTheEnd(conns [2]*pgx.Conn, pair [2]way, rounds int) (through [2]int, ownerless int, wrong []string) {
	c.t.Helper()
	sides := [2]side{{c.Ann, c.olga}, {c.olga, c.Ann}}
	levels := []string{"read committed", "repeatable read", "serializable"}
	for n := range rounds {
		if _, err := c.super.Exec(c.t.Context(), `SELECT kept.back()`); err != nil {
			c.t.Fatal(err)
		}
		var errs [2]error
		rostertest.Together(2, func(i int) {
			if _, errs[i] = conns[i].Exec(c.t.Context(), `SET default_transaction_isolation = '`+levels[n%3]+`'`); errs[i] == nil {
				errs[i] = pair[i].do(c, conns[i], sides[i])
			}
		})
		for i, err := range errs {
			if err == nil {
				through[i]++
				continue
			}
			if _, broken := judge(err); broken {
				wrong = append(wrong, fmt.Sprintf("%s: %v", pair[i].name, err))
			}
		}
		if c.ownerless() {
			ownerless++
		}
	}
	return through, ownerless, wrong
}

// ownerless is the first of the laws alone.
func (c *cube) ownerless() (none bool) {
	c.t.Helper()
	if err := c.super.QueryRow(c.t.Context(), `SELECT NOT EXISTS (SELECT FROM roster.organizations o JOIN roster.membership_roles r ON r.org_id = o.id AND r.role = 'owner'
		JOIN roster.memberships m ON m.org_id = r.org_id AND m.user_id = r.user_id AND m.status IN ('active', 'suspended') WHERE o.slug = 'acme')`).Scan(&none); err != nil {
		c.t.Fatal(err)
	}
	return none
}

// appIn connects twice as roster_app, inside Acme for good, past the program. Who waits in a circle finds it out soon.
func (c *cube) appIn(t testing.TB) (conns [2]*pgx.Conn) {
	t.Helper()
	for i := range conns {
		conns[i] = c.Database.Superuser(t)
		if _, err := conns[i].Exec(t.Context(), `SET deadlock_timeout = '10ms'; SET SESSION AUTHORIZATION roster_app`); err != nil {
			t.Fatal(err)
		}
		if _, err := conns[i].Exec(t.Context(), `SELECT set_config('roster.org_id', $1, false)`, c.Database.Enter(c.actors[c.Ann.ID].Organization().ID)); err != nil {
			t.Fatal(err)
		}
	}
	return conns
}

// C031 I67 F3: whichever two ways the two owners take at once, in whatever isolation, one of them stays an owner.
func TestTheLastOwnerStaysWhateverTwoDo(t *testing.T) {
	t.Parallel()
	for i, first := range ways {
		t.Run(first.name, func(t *testing.T) {
			t.Parallel()
			c := newCube(t)
			conns := c.appIn(t)
			for _, second := range ways[i:] {
				through, ownerless, wrong := c.raceForTheEnd(conns, [2]way{first, second}, ownerRounds)
				if ownerless > 0 || len(wrong) > 0 {
					t.Errorf("and %s: %d of %d rounds left nobody who owns it; %q", second.name, ownerless, ownerRounds, wrong)
				}
				if through[0]+through[1] == 0 && !strings.Contains(first.name+second.name, "both") {
					t.Errorf("and %s: nobody came through in any round: nothing was tried", second.name)
				}
			}
		})
	}
}

// C031 I67: without the trigger the same two statements leave nobody, and the same look sees it.
func TestWithoutItsTriggerTheLastOwnerGoes(t *testing.T) {
	t.Parallel()
	c := newCube(t)
	c.SQL(t, `ALTER TABLE roster.membership_roles DISABLE TRIGGER membership_roles_last_owner`)
	one := ways[len(ways)-1]
	if _, ownerless, _ := c.raceForTheEnd(c.appIn(t), [2]way{one, one}, 20); ownerless == 0 {
		t.Error("somebody owns it after each round: the look sees nothing")
	}
}

// mutant is a guard of the database that is taken away, and a race that shows it. The organization's lock, which
// stands before them all, is taken away too: a policy hides its row from whoever wants to lock it.
type mutant struct {
	name string
	sql  string
	ops  [2]string
	cast int
	law  string
}

const withoutLock = `DROP POLICY org_isolation ON roster.organizations;
	CREATE POLICY look ON roster.organizations FOR SELECT TO roster_app, roster_worker USING (id = roster.org_id());`

// SECURITY 4.3: each of the guards is missed: without it a race breaks a law, and what looks after each round says so.
func TestEveryGuardIsMissed(t *testing.T) {
	t.Parallel()
	for _, m := range []mutant{
		{"the lock alone", withoutLock, [2]string{"demote", "demote"}, 1, "neither as in this order"},
		{"the lock and the last owner's trigger", withoutLock + `ALTER TABLE roster.membership_roles DISABLE TRIGGER membership_roles_last_owner`,
			[2]string{"demote", "demote"}, 1, "nobody owns it"},
		{"the lock and one open invitation per address", withoutLock + `DROP INDEX roster.invitations_one_open`, [2]string{"invite", "invite"}, 0, "open invitations"},
		{"the lock and undone once", withoutLock + `ALTER TABLE roster.audit_events DROP CONSTRAINT audit_events_undone_once`, [2]string{"undo", "undo"}, 4, "undone twice"},
		{"the trigger that copies roles", `ALTER TABLE roster.membership_roles DISABLE TRIGGER membership_roles_copy_taken`, [2]string{"demote", "leave"}, 0, "and has others"},
		{"the trigger that counts members", `ALTER TABLE roster.memberships DISABLE TRIGGER memberships_count_changed`, [2]string{"remove", "accept"}, 0, "members are counted"},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			c := newCube(t)
			c.SQL(t, m.sql)
			var ops [2]operation
			for i, name := range m.ops {
				ops[i] = operations[slices.IndexFunc(operations, func(o operation) bool { return o.name == name })]
			}
			k := c.casts()[m.cast]
			k.undoes = roster.RolesChanged
			orders, wrong := c.orders(ops, k)
			// How many rounds it takes until the two meet is the machine's affair.
			for end := time.Now().Add(suite.Patience(t)); !strings.Contains(strings.Join(wrong, "\n"), m.law); {
				if time.Now().After(end) {
					t.Fatalf("nothing says %q", m.law)
				}
				wrong = c.together(ops, k, orders)
			}
		})
	}
}

// I54 I25: of a hundred uses of an invitation's mailed link at once, by somebody who has no account yet too, one wins;
// and a link of another kind opens nothing here.
func TestRaceForAMailedInvitation(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Member)
	mailed := w.Tokens(t, mail.KindInvitation, w.Zoe.Email)[0]
	people := []account.Person{w.Zoe, w.Cem, w.Gus} // only one of them is invited
	var won, already, refused [3]int
	answers := make(chan [2]int, 100)
	rostertest.Together(100, func(i int) {
		var joined roster.Joined
		err := suite.Patiently(t, func() (err error) {
			joined, err = w.Roster.Join(t.Context(), people[i%3], mailed, rostertest.Trace())
			return err
		})
		kind := 0
		switch {
		case err == nil && joined.Already:
			kind = 1
		case err != nil:
			kind = 2
			if _, broken := judge(err); broken {
				t.Error(err)
			}
		}
		answers <- [2]int{i % 3, kind}
	})
	close(answers)
	for a := range answers {
		[]*[3]int{&won, &already, &refused}[a[1]][a[0]]++
	}
	if won != [3]int{1, 0, 0} {
		t.Errorf("won %v, already inside %v, refused %v", won, already, refused)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'membership.joined' AND actor_id = $1 AND actor_kind = 'invitee'`, w.Zoe.ID); n != 1 {
		t.Errorf("%d entries", n)
	}
}
