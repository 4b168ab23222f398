package roster_test

import (
	"errors"
	"strings"
	"testing"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/suite"
)

// everybody of a list, and those whom somebody ticks.
func everybody(list roster.List) roster.Chosen { return roster.Chosen{All: true, List: list} }

func tick(t testing.TB, w *rostertest.World, people ...account.Person) roster.Chosen {
	t.Helper()
	var chosen roster.Chosen
	for _, p := range people {
		chosen.Ticked = append(chosen.Ticked, w.Membership(t, p, acme))
	}
	return chosen
}

func names(p roster.Pile) string {
	var all []string
	for _, j := range p.First {
		all = append(all, j.Name)
	}
	return strings.Join(all, ", ")
}

// C027: what a bulk change would do is judged by the rules for changing one: who will be changed, who is skipped and why, and
// who is so already.
func TestManyAreJudgedLikeOne(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	if _, err := w.Roster.Suspend(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, w.Gus, acme)); err != nil {
		t.Fatal(err)
	}
	w.Invite(t, w.Ann, acme, "new@elsewhere.example", role.Viewer) // in the list, and nobody yet
	for _, c := range []struct {
		by                     account.Person
		act                    roster.Act
		will, skipped, already string
		reasons                []string
	}{
		{w.Ann, roster.Act{Do: roster.ManySuspend}, "Ben Admin, Cem Member, Vic Viewer", "Ann Owner", "Gus Guest", []string{"You cannot suspend yourself"}},
		{w.Ben, roster.Act{Do: roster.ManySuspend}, "Cem Member, Vic Viewer", "Ann Owner, Ben Admin", "Gus Guest", []string{"Ann Owner is an Owner, and your role is Admin", "You cannot suspend yourself"}},
		{w.Ann, roster.Act{Do: roster.ManyRole, Role: role.Viewer}, "Ben Admin, Cem Member, Gus Guest", "Ann Owner", "Vic Viewer", []string{"This is you."}},
		{w.Ben, roster.Act{Do: roster.ManyRole, Role: role.Viewer}, "Cem Member, Gus Guest", "Ann Owner, Ben Admin", "Vic Viewer", []string{"Acme must always have an owner.", "This is you."}},
		{w.Ben, roster.Act{Do: roster.ManyRole, Role: role.Admin}, "", "Ann Owner, Ben Admin, Cem Member, Gus Guest, Vic Viewer", "",
			[]string{"Acme must always have an owner.", "This is you.", "you cannot make anybody an Admin", "you cannot make anybody an Admin", "you cannot make anybody an Admin"}},
		{w.Ben, roster.Act{Do: roster.ManyRemove}, "Cem Member, Gus Guest, Vic Viewer", "Ann Owner, Ben Admin", "", []string{"Acme must always have an owner.", "You cannot remove yourself"}},
	} {
		for _, chosen := range []roster.Chosen{everybody(roster.List{}), tick(t, w, w.Ann, w.Ben, w.Cem, w.Vic, w.Gus)} {
			j, err := w.Roster.Judge(t.Context(), w.As(t, c.by, acme), chosen, c.act)
			if err != nil {
				t.Fatal(err)
			}
			if names(j.Will) != c.will || names(j.Skipped) != c.skipped || names(j.Already) != c.already || j.Members != 5 || j.Beyond {
				t.Errorf("%s: %s: %s will, %s are skipped, %s are so already, of %d", c.by.Name, c.act.Do, names(j.Will), names(j.Skipped), names(j.Already), j.Members)
			}
			for i, why := range c.reasons {
				if i >= len(j.Skipped.First) || !strings.Contains(j.Skipped.First[i].Why, why) {
					t.Errorf("%s: %s: skipped %+v, want %q", c.by.Name, c.act.Do, j.Skipped.First, why)
				}
			}
		}
	}
}

// C027: long lists are counted whole and shown in part; a filter is all that it finds, and those who may not are told so.
func TestManyAreCounted(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Crowd(t, 5100) // more than a page of what is judged at a time
	ann := w.As(t, w.Ann, acme)
	suspend := roster.Act{Do: roster.ManySuspend}
	for _, c := range []struct {
		list    roster.List
		members int
		first   string
	}{
		{roster.List{}, 5105, "Ben Admin"},
		{roster.List{Search: "crowd", Down: true}, 5100, "Crowd 005100"},
		{roster.List{Role: role.Member, Sort: "joined"}, 5101, ""},
		{roster.List{Search: "crowd000"}, 0, ""},
	} {
		j, err := w.Roster.Judge(t.Context(), ann, everybody(c.list), suspend)
		if err != nil {
			t.Fatal(err)
		}
		if j.Members != c.members || j.Will.Count+j.Skipped.Count != c.members || len(j.Will.First) != min(j.Will.Count, roster.PileShown) || c.first != "" && j.Will.First[0].Name != c.first {
			t.Errorf("%+v: %d of %d will, %d shown", c.list, j.Will.Count, j.Members, len(j.Will.First))
		}
		if n, exact, err := w.Roster.Matching(t.Context(), ann, c.list); n != c.members || !exact || err != nil {
			t.Errorf("%+v: %d match (%v, %v)", c.list, n, exact, err)
		}
	}
	_, err := w.Roster.Judge(t.Context(), w.As(t, w.Cem, acme), everybody(roster.List{}), suspend)
	rostertest.Refused(t, err, fault.Forbidden, "It does not include “Suspend members”.")
	_, err = w.Roster.Judge(t.Context(), ann, roster.Chosen{Ticked: []string{"mem_x"}}, suspend)
	rostertest.Refused(t, err, fault.Malformed, "damaged")
	zoes := roster.Chosen{Ticked: []string{w.Membership(t, w.Zoe, rostertest.Other)}}
	if j, err := w.Roster.Judge(t.Context(), ann, zoes, suspend); err != nil || j.Members != 0 { // I9
		t.Errorf("a member of another organization is judged: %+v, %v", j, err)
	}
}

// many does it, and lets workers go on until it is over.
func many(t *testing.T, w *rostertest.World, by account.Person, chosen roster.Chosen, act roster.Act) roster.Job {
	t.Helper()
	job, err := w.Roster.ChangeMany(t.Context(), w.As(t, by, acme), chosen, act, 0)
	if err != nil {
		t.Fatal(err)
	}
	return finished(t, w, by, job.ID)
}

func finished(t *testing.T, w *rostertest.World, by account.Person, job string) roster.Job {
	t.Helper()
	for {
		j, err := w.Roster.Job(t.Context(), w.As(t, by, acme), job, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if j.Over() {
			return j
		}
		_ = goOn(t, w, job) // it says that there is more
	}
}

// results are what became of each of those in one state: "name: note".
func results(t *testing.T, w *rostertest.World, by account.Person, job, state string) string {
	t.Helper()
	j, err := w.Roster.Job(t.Context(), w.As(t, by, acme), job, state, "")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, item := range j.Items {
		all = append(all, strings.TrimSuffix(item.Label+": "+item.Note, ": "))
	}
	return strings.Join(all, "; ")
}

// C027 C169 I127: up to fifty are changed before it is answered, each with an entry of its own; the others are told why not;
// and Undo takes back those that were not changed since, as pairs.
func TestFewAreChangedAtOnce(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann := w.As(t, w.Ann, acme)
	chosen := tick(t, w, w.Ann, w.Ben, w.Cem, w.Vic, w.Gus)
	job, err := w.Roster.ChangeMany(t.Context(), ann, chosen, roster.Act{Do: roster.ManyRole, Role: role.Viewer}, 5)
	if err != nil {
		t.Fatal(err)
	}
	if job.State != "done" || job.Done != 3 || job.Skipped != 2 || job.Undoable != 3 || job.Title != "Give 5 members the role Viewer" {
		t.Errorf("changed at once: %+v", job)
	}
	if got := results(t, w, w.Ann, job.ID, "skipped"); got != "Ann Owner: This is you. Change your own role by itself.; Vic Viewer: Viewer already." {
		t.Errorf("skipped: %s", got)
	}
	if n := w.Count(t, `SELECT count(DISTINCT subject_id) FROM roster.audit_events WHERE event = 'membership.roles_changed' AND actor_id = $1 AND after->'roles' = '["viewer"]' AND request_id LIKE 'req_%'`, w.Ann.ID); n != 3 {
		t.Errorf("%d entries in the log, want 3", n)
	}
	if _, err := w.Roster.ChangeRole(t.Context(), ann, w.Membership(t, w.Cem, acme), role.Guest); err != nil {
		t.Fatal(err)
	}
	undo, err := w.Roster.UndoJob(t.Context(), ann, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := results(t, w, w.Ann, undo, "skipped"); got != "Cem Member: Cem Member was changed again since. Nothing was undone." {
		t.Errorf("not undone: %s", got)
	}
	for who, want := range map[account.Person]role.Role{w.Ben: role.Admin, w.Cem: role.Guest, w.Vic: role.Viewer, w.Gus: role.Guest, w.Ann: role.Owner} {
		if got := w.As(t, who, acme).Roles(); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %v after Undo, want %s", who.Name, got, want)
		}
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events u JOIN roster.audit_events e ON e.id = u.undoes AND e.subject_id = u.subject_id`); n != 2 {
		t.Errorf("%d pairs in the log, want 2", n)
	}
}

// C027 C028 C169: 500 who match are removed as a job, each once and with what was asked for, and come back together.
func TestFiveHundredAreRemovedAndComeBack(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Crowd(t, 500)
	started, err := w.Roster.ChangeMany(t.Context(), w.As(t, w.Ann, acme), everybody(roster.List{Search: "crowd"}), roster.Act{Do: roster.ManyRemove, How: roster.Removal{Tell: true}}, 500)
	if err != nil || started.Over() || started.Total != 500 {
		t.Fatalf("started: %+v, %v", started, err)
	}
	job := finished(t, w, w.Ann, started.ID)
	if job.State != "done" || job.Done != 500 || job.Undoable != 500 {
		t.Errorf("removed: %+v", job)
	}
	present := func() int { return w.As(t, w.Ann, acme).Organization().Members }
	if n := w.Count(t, `SELECT count(DISTINCT subject_id) FROM roster.audit_events WHERE event = 'membership.removed'`); n != 500 || present() != 5 {
		t.Errorf("%d were removed, %d are left", n, present())
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'membership.removed'`) + w.Count(t, `SELECT count(*) FROM river.river_job WHERE kind = 'news'`); n != 1000 {
		t.Errorf("%d entries and news, want 500 of each", n)
	}
	undo, err := w.Roster.UndoJob(t.Context(), w.As(t, w.Ann, acme), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if back := finished(t, w, w.Ann, undo); back.Done != 500 || present() != 505 {
		t.Errorf("back: %+v, %d members", back, present())
	}
	if n := w.Count(t, `SELECT count(DISTINCT undoes) FROM roster.audit_events WHERE event = 'membership.restored'`); n != 500 {
		t.Errorf("%d entries undo, want 500", n)
	}
}

// C027 C031: whoever is selected, an owner stays, and the result says why. Two owners who take the role from everybody at
// the same time leave one of them an owner.
func TestManyKeepTheLastOwner(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t, roomy)
	job := many(t, w, w.Ben, everybody(roster.List{}), roster.Act{Do: roster.ManyRemove})
	if got := results(t, w, w.Ben, job.ID, "skipped"); !strings.Contains(got, "Ann Owner: Acme must always have an owner.") || !strings.Contains(got, "Ben Admin: You cannot remove yourself") {
		t.Errorf("skipped: %s", got)
	}
	olga := w.Person(t, "Olga Owner", "olga@acme.example")
	w.Join(t, w.Ann, acme, olga, role.Owner)
	both := []account.Person{w.Ann, olga}
	rostertest.Together(2, func(i int) {
		_, _ = w.Roster.ChangeMany(t.Context(), w.As(t, both[i], acme), everybody(roster.List{Role: role.Owner}), roster.Act{Do: roster.ManyRole, Role: role.Member}, 2)
	})
	if n := w.Count(t, `SELECT count(*) FROM roster.membership_roles r JOIN roster.organizations o ON o.id = r.org_id WHERE o.slug = 'acme' AND r.role = 'owner'`); n != 1 {
		t.Errorf("%d owners are left, want 1", n)
	}
}

// C027: who was changed between the question and their turn is judged as they are then.
func TestManyAreJudgedWhenTheirTurnComes(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Crowd(t, 60)
	ann, ben := w.As(t, w.Ann, acme), w.As(t, w.Ben, acme)
	job, err := w.Roster.ChangeMany(t.Context(), ben, everybody(roster.List{Role: role.Member}), roster.Act{Do: roster.ManySuspend}, 61)
	if err != nil || job.Over() {
		t.Fatal(job, err)
	}
	cem := w.Membership(t, w.Cem, acme)
	if _, err := w.Roster.ChangeRole(t.Context(), ann, cem, role.Admin); err != nil {
		t.Fatal(err)
	}
	w.SQL(t, `UPDATE roster.memberships SET status = 'suspended' WHERE name = 'Crowd 000007'`)
	w.SQL(t, `UPDATE roster.memberships SET status = 'left' WHERE name = 'Crowd 000008'`)
	job = finished(t, w, w.Ben, job.ID)
	if job.Done != 58 || job.Skipped != 3 {
		t.Errorf("%+v", job)
	}
	want := "Cem Member: Cem Member is an Admin, and your role is Admin: only owners change owners and admins.; Crowd 000007: Suspended already.; Crowd 000008: Crowd 000008 is not a member any more. Nothing was changed."
	if got := results(t, w, w.Ben, job.ID, "skipped"); got != want {
		t.Errorf("skipped: %s", got)
	}
}

// holdRow holds a member's row, so that nobody changes it, until it is released.
func holdRow(t testing.TB, w *rostertest.World, name string) (release func()) {
	t.Helper()
	tx, err := w.Database.Superuser(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM roster.memberships WHERE name = $1 FOR UPDATE`, name); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// C027 I74: an actor who loses the role in the middle changes nobody from then on.
func TestManyEndWithTheRoleOfWhoDoesIt(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t, roomy)
	w.Crowd(t, 400)
	ben := w.Membership(t, w.Ben, acme)
	job, err := w.Roster.ChangeMany(t.Context(), w.As(t, w.Ben, acme), everybody(roster.List{Search: "crowd"}), roster.Act{Do: roster.ManySuspend}, 400)
	if err != nil {
		t.Fatal(err)
	}
	suspended := func() int {
		return w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'membership.suspended'`)
	}
	var when int
	release := holdRow(t, w, "Crowd 000400") // so that the job cannot be through before
	rostertest.Together(2, func(i int) {
		if i == 0 {
			_ = goOn(t, w, job.ID)
			return
		}
		suite.Until(t, "some are suspended", func() bool { return suspended() >= 5 })
		if err := suite.Patiently(t, func() error {
			_, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ann, acme), ben, role.Member)
			return err
		}); err != nil {
			t.Error(err)
		}
		when = suspended()
		release()
	})
	_ = goOn(t, w, job.ID)
	if n := suspended(); n != when || n >= 400 {
		t.Errorf("%d were suspended, %d of them before Ben lost the role", n, when)
	}
	j, err := w.Roster.Job(t.Context(), w.As(t, w.Ben, acme), job.ID, "", "")
	if err != nil || !j.Over() || j.Done != when || j.Skipped > 0 && !strings.Contains(j.Items[0].Note, "Your role is now Member") || j.Skipped == 0 && !strings.Contains(j.Problem, "Your role is now Member") {
		t.Errorf("%+v, %v", j, err)
	}
}

// I127: where the log cannot be written nobody is changed; the job stands, and does it once that can be done.
func TestManyWaitForTheLog(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.SQL(t, "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the log is full'; END $$")
	w.SQL(t, "CREATE TRIGGER refuse BEFORE INSERT ON roster.audit_events EXECUTE FUNCTION public.refuse()")
	job, err := w.Roster.ChangeMany(t.Context(), w.As(t, w.Ann, acme), tick(t, w, w.Cem, w.Vic), roster.Act{Do: roster.ManySuspend}, 2)
	if err != nil || job.Over() || job.Done != 0 {
		t.Errorf("%+v, %v", job, err)
	}
	suspended := func() int { return w.Count(t, `SELECT count(*) FROM roster.memberships WHERE status = 'suspended'`) }
	if n := suspended(); n != 0 {
		t.Errorf("%d are suspended without an entry", n)
	}
	w.SQL(t, "DROP TRIGGER refuse ON roster.audit_events")
	if job = finished(t, w, w.Ann, job.ID); job.Done != 2 || suspended() != 2 {
		t.Errorf("%+v", job)
	}
}

// C027: too many to be written down in the request that asks are written down by the job, each once, whatever it dies of in
// between; and more or fewer than were seen are asked about again.
func TestThousandsAreWrittenDownByTheJob(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t, roomy)
	w.Crowd(t, 5100)
	w.Invite(t, w.Ann, acme, "crowd-to-be@elsewhere.example", role.Viewer)
	ann := w.As(t, w.Ann, acme)
	job, err := w.Roster.ChangeMany(t.Context(), ann, everybody(roster.List{Search: "crowd"}), roster.Act{Do: roster.ManySuspend}, 5100)
	if err != nil || job.Total != 0 {
		t.Fatal(job, err)
	}
	release := holdRow(t, w, "Crowd 005100")
	rostertest.Together(2, func(i int) { // its starter stops it as soon as everybody stands there
		if i == 0 {
			suite.Until(t, "everybody stands there", func() bool { return w.Count(t, `SELECT total FROM roster.jobs`) == 5100 })
			if err := suite.Patiently(t, func() error { return w.Roster.StopJob(t.Context(), ann, job.ID) }); err != nil {
				t.Error(err)
			}
			release()
			return
		}
		_ = goOn(t, w, job.ID)
	})
	job = finished(t, w, w.Ann, job.ID)
	if n := w.Count(t, `SELECT count(DISTINCT subject_id) FROM roster.job_items`); job.State != "stopped" || job.Total != 5100 || n != 5100 {
		t.Errorf("%+v, %d are written down", job, n)
	}

	_, err = w.Roster.ChangeMany(t.Context(), ann, everybody(roster.List{Role: role.Member}), roster.Act{Do: roster.ManySuspend}, 12)
	if err != nil { // thousands are not counted once more
		t.Error(err)
	}
	_, err = w.Roster.ChangeMany(t.Context(), ann, everybody(roster.List{Role: role.Viewer}), roster.Act{Do: roster.ManySuspend}, 2)
	if !errors.Is(err, roster.ErrOthersMatch) {
		t.Errorf("one matches where two were seen: %v", err)
	}
	_, err = w.Roster.ChangeMany(t.Context(), ann, everybody(roster.List{Search: "nobody"}), roster.Act{Do: roster.ManySuspend}, 0)
	rostertest.Refused(t, err, fault.Conflict, "Nobody matches any more.")
	_, err = w.Roster.ChangeMany(t.Context(), w.As(t, w.Cem, acme), everybody(roster.List{}), roster.Act{Do: roster.ManySuspend}, 0)
	rostertest.Refused(t, err, fault.Forbidden, "Suspend members")
}
