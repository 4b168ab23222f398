package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"roster/internal/rostertest"
)

// A list is saved as a file of just those whom it shows; one of more than 5,000 is written while one does something else,
// and its link is on the page of the job. The same without script. C025 U31
func TestExport(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		s := serveWorld(t, w)
		ann := s.enter(t, "Ann Owner", w.Ann.Email, script)
		named := regexp.MustCompile(`^acme-members-\d{4}-\d\d-\d\d\.(csv|json)$`)

		ann.Open("/orgs/acme/members?role=viewer")
		ann.Press("Export")
		name, text := ann.Download(func() { ann.Follow("CSV, for spreadsheets") })
		if lines := strings.Split(strings.TrimSpace(text), "\n"); !named.MatchString(name) || len(lines) != 2 || !strings.HasPrefix(lines[1], "Vic Viewer,vic@acme.example,Viewer,Active,Ann Owner,") {
			t.Errorf("%s: %s", name, text)
		}
		ann.At("/orgs/acme/members?role=viewer")

		w.Crowd(t, 5100)
		ann.Open("/orgs/acme/members")
		ann.See("5,105 members")
		ann.Press("Export")
		ann.Follow("JSON, for programs")
		ann.See("Export members as JSON?")
		ann.Press("Export members")
		ann.See("Download members.json")
		links := ann.Links()
		at := slices.IndexFunc(links, func(link string) bool { return strings.HasPrefix(link, "Download members.json (") })
		name, text = ann.Download(func() { ann.Follow(links[at]) })
		if n := strings.Count(text, `"id"`); !named.MatchString(name) || n != 5105 {
			t.Errorf("%s has %d members", name, n)
		}
	})
}
