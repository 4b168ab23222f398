package web_test

import (
	"strings"
	"testing"

	"roster/internal/role"
	"roster/internal/roster"
)

// C090 C169: the first page says first who waits for a decision, tells what one press did to many as one, leads to whom it
// was about, and takes back what can still be undone, for whoever did it alone.
func TestTheOverviewLeadsToWhatIsToDo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, ben := s.as(s.Ann), s.as(s.Ben)
	if _, err := s.Roster.AskToInvite(t.Context(), s.As(t, s.Cem, "acme"), "lin@elsewhere.example", ""); err != nil {
		t.Fatal(err)
	}
	ticked := []string{s.Membership(t, s.Cem, "acme"), s.Membership(t, s.Gus, "acme")}
	job, err := s.Roster.ChangeMany(t.Context(), s.As(t, s.Ann, "acme"), roster.Chosen{Ticked: ticked}, roster.Act{Do: roster.ManyRole, Role: role.Viewer}, 0)
	if err != nil || job.Done != 2 {
		t.Fatal(job, err)
	}
	if _, err := s.Roster.Suspend(t.Context(), s.As(t, s.Ann, "acme"), s.Membership(t, s.Vic, "acme")); err != nil {
		t.Fatal(err)
	}

	page := ann.get("/orgs/acme").says(200, "1 request waits", "Ann Owner gave 2 members the role Viewer", "Ann Owner suspended Vic Viewer")
	if n := strings.Count(page.text(), "Ann Owner gave"); n != 1 {
		t.Errorf("it is told %d times", n)
	}
	if len(page.all("a", "href", s.member(s.Vic, ""))) == 0 {
		t.Error("nothing leads to Vic")
	}
	var way string
	for _, f := range page.all("form", "action", "") {
		if action, _ := attribute(f, "action"); strings.Contains(action, "/undo/") {
			if way != "" {
				t.Error("more than one thing can be undone")
			}
			way = action
		}
	}
	if other := ben.get("/orgs/acme"); strings.Contains(other.raw, "/undo/") {
		t.Error("Ben may undo what Ann did")
	}
	ann.follow(ann.post(way, page.form(way)).leads("/orgs/acme")).says(200, "Vic Viewer is active again.", "Ann Owner undid the suspension of Vic Viewer")
	s.is(s.Vic, "active viewer")
	if again := ann.get("/orgs/acme"); strings.Contains(again.raw, "/undo/") {
		t.Error("what was undone can be undone again")
	}
}

// C090: whoever does not see what happened sees whom to ask, who joined last and who invited them; a guest only the owners.
func TestTheFirstPageOfAMember(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	vic := s.as(s.Vic).get("/orgs/acme").says(200, "Whom to ask", "Ann Owner", "Ben Admin", "Who joined last", "Gus Guest", "Invited by Ann Owner.", "Ask to invite somebody")
	if len(vic.all("a", "href", s.member(s.Ben, ""))) == 0 {
		t.Error("nothing leads to Ben")
	}
	gus := s.as(s.Gus).get("/orgs/acme").says(200, "Whom to ask", "Ann Owner", "Invited by Ann Owner.")
	for _, hidden := range []string{"Ben Admin", "Cem Member", "Who joined last", "/members/", "Ask to invite"} {
		if strings.Contains(gus.raw, hidden) {
			t.Errorf("a guest sees %q", hidden)
		}
	}
	if ann := s.as(s.Ann).get("/orgs/acme"); strings.Contains(ann.text(), "Whom to ask") {
		t.Error("an owner is told whom to ask")
	}
}
