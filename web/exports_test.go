package web_test

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
)

// C025 I152 I155: the list as a file: named after the organization and the day, kept nowhere, compressed for who takes that,
// of what the address filters, and for who may have it.
func TestMembersAsAFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.many(30)
	s.Invite(t, s.Ann, "acme", "lin@acme.example", role.Viewer)
	ann := s.as(s.Ann)
	ann.get(membersOfAcme)

	day := time.Now().UTC().Format(time.DateOnly)
	p := ann.get(membersOfAcme + ".csv?q=member&sort=-name&status=active&after=nonsense")
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.raw, "\uFEFF"))).ReadAll()
	if err != nil || p.status != 200 || len(lines) != 32 || lines[1][0] != "Member 0030" || lines[31][0] != "Cem Member" {
		t.Fatalf("status %d, %d lines: %v\n%.300s", p.status, len(lines), err, p.raw)
	}
	if p.turns > 5 {
		t.Errorf("%d round trips", p.turns)
	}
	name := func(day string) string { return "attachment; filename=acme-members-" + day + ".csv" }
	if got := p.header.Get("Content-Disposition"); got != name(day) && got != name(time.Now().UTC().Format(time.DateOnly)) {
		t.Errorf("the file is called %q", got)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/csv; charset=utf-8; header=present", "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	json := ann.get(membersOfAcme + ".json?status=pending").says(200)
	if json.header.Get("Content-Type") != "application/json" || !strings.Contains(json.raw, `"email":"lin@acme.example"`) || strings.Count(json.raw, "\n{") != 1 {
		t.Errorf("%s: %s", json.header.Get("Content-Type"), json.raw)
	}
	zipped := ann.get(membersOfAcme+".csv", "Accept-Encoding", "gzip")
	if unzipped, err := gzip.NewReader(strings.NewReader(zipped.raw)); err != nil || zipped.header.Get("Content-Encoding") != "gzip" || !strings.Contains(strings.Join(zipped.header.Values("Vary"), ", "), "Accept-Encoding") {
		t.Errorf("compressed: %v, %v", err, zipped.header)
	} else if lines, err := csv.NewReader(unzipped).ReadAll(); err != nil || len(lines) != 1+30+5+1 {
		t.Errorf("compressed: %d lines, %v", len(lines), err)
	}
	entries := func() int {
		return s.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'members.exported'`)
	}
	before := entries()
	head := ann.send(http.MethodHead, membersOfAcme+".csv", nil, nil)
	if head.status != 200 || head.raw != "" || head.header.Get("Content-Disposition") != p.header.Get("Content-Disposition") || entries() != before {
		t.Errorf("its head: status %d, %q, %v", head.status, head.raw, head.header)
	}
	ann.get("/orgs/acme").says(200, "exported 31 rows of the list of members as CSV")

	ann.get(membersOfAcme + ".csv?role=king").says(400)
	s.as(s.Cem).get(membersOfAcme+".csv").says(403, "You cannot export members")
	s.as(s.Zoe).get(membersOfAcme + ".json").says(404)
	if p := s.visitor().get(membersOfAcme + ".csv?q=a"); p.status != 303 || !strings.HasPrefix(p.location, "/login?next=") {
		t.Errorf("logged out: %d to %q", p.status, p.location)
	}
	if entries() != before {
		t.Error("what was refused is in the log as done")
	}
	// The page offers what its filter shows, and follows it.
	page := ann.get(membersOfAcme + "?role=viewer&sort=-joined")
	for _, as := range []string{"csv", "json"} {
		if href, _ := attribute(page.id("export-"+as), "href"); href != membersOfAcme+"."+as+"?role=viewer&sort=-joined" {
			t.Errorf("%s is offered at %q", as, href)
		}
	}
	if found := ann.piece("GET", membersOfAcme+"?q=zoe", nil); !strings.Contains(found.raw, `href="`+membersOfAcme+`.csv?q=zoe"`) {
		t.Error("a search leaves the old address in the menu")
	}
	if strings.Contains(s.as(s.Vic).get(membersOfAcme).raw, "export") {
		t.Error("a viewer is offered a file")
	}
}

// C025 I153: a list that is too long leads to the question, and that to a job; its page offers the file to its starter.
func TestALongListAsAFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.many(20)
	s.SQL(t, `UPDATE roster.organizations SET members_count = 5001 WHERE slug = 'acme'`) // as far as is counted beforehand
	ann := s.as(s.Ann)
	const offer = "/orgs/acme/exports?sort=-joined&format=csv"
	ann.get(membersOfAcme + ".csv?sort=-joined").leads(offer)
	ann.send(http.MethodHead, membersOfAcme+".csv?sort=-joined", nil, nil).leads(offer)
	asked := ann.get(offer).says(200, "Export members as CSV?", "Everyone in the list", "for 24 hours")
	started := ann.post(offer, asked.form(offer))
	job := strings.TrimPrefix(started.location, "/orgs/acme/jobs/")
	ann.get(started.location).says(200, "Export members as CSV", "Waiting for its turn", "Stop")
	file := "/orgs/acme/exports/" + job
	ann.get(file).says(409, "not whole")

	id, ok := publicid.Job.Parse(job)
	if !ok {
		t.Fatalf("leads to %q", started.location)
	}
	if err := roster.NewWorker(s.Roster).Work(t.Context(), &river.Job[roster.WorkArgs]{JobRow: &rivertype.JobRow{Attempt: 1, MaxAttempts: 25},
		Args: roster.WorkArgs{OrgID: s.As(t, s.Ann, "acme").Organization().ID.String(), Job: id.String()}}); err != nil {
		t.Fatal(err)
	}
	page := ann.get(started.location).says(200, "25 exported", "Download members.csv (3 kB)", "Only you can download it, until")
	if href, _ := attribute(page.id("download-"+job), "href"); href != file {
		t.Errorf("the file is offered at %q", href)
	}
	for _, encoding := range []string{"", "gzip"} {
		p := ann.get(file, "Accept-Encoding", encoding)
		text := p.raw
		if encoding == "gzip" {
			unzipped, err := gzip.NewReader(strings.NewReader(p.raw))
			if err != nil {
				t.Fatal(err)
			}
			all, err := io.ReadAll(unzipped)
			if err != nil {
				t.Fatal(err)
			}
			text = string(all)
		}
		if p.status != 200 || strings.Count(text, "\r\n") != 1+25 || !strings.HasPrefix(p.header.Get("Content-Disposition"), "attachment; filename=acme-members-") || p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q: status %d, %d lines, %v", encoding, p.status, strings.Count(text, "\r\n"), p.header)
		}
	}
	s.as(s.Ben).get(file).says(404)
	s.as(s.Cem).get(file).says(403)
	s.as(s.Zoe).get(file).says(404)
	if p := s.visitor().get(file); p.status != 303 || !strings.HasPrefix(p.location, "/login?next=") {
		t.Errorf("logged out: %d to %q", p.status, p.location)
	}
	s.SQL(t, `UPDATE roster.jobs SET finished_at = now() - interval '25 hours'`)
	ann.get(file).says(410, "erased")
	if strings.Contains(ann.get(started.location).raw, "Download members") {
		t.Error("a file that is erased is still offered")
	}
}
