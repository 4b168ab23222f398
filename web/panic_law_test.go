package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"roster/db/rosterdb"
	"roster/internal/rostertest"
	"roster/internal/suite"
	"roster/views/paths"
)

// R26 I103: a thousand panics, in handlers, in templates that have written half a page, and in the middle of a change.
// Each is answered by a whole page with the request's id; what was being changed is undone, the session lives on,
// and nothing is left behind: no goroutine, no connection, no lock.
func TestAThousandPanicsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := s.As(t, s.Ann, rostertest.Acme).Organization().ID
	half := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, "half a page")
		panic(errors.New("the view is broken"))
	})
	kinds := []struct {
		path string
		run  func(context.Context) (templ.Component, error)
	}{
		{"/test/words", func(context.Context) (templ.Component, error) { panic("boom") }},
		{"/test/runtime", func(context.Context) (templ.Component, error) {
			return []templ.Component{}[len(rostertest.Acme)], nil
		}},
		{"/test/nil", func(context.Context) (templ.Component, error) { panic(nil) }},
		{"/test/view", func(context.Context) (templ.Component, error) { return half, nil }},
		{"/test/change", func(ctx context.Context) (templ.Component, error) {
			return nil, s.DB.InOrg(ctx, org, func(q *rosterdb.Queries) error {
				if err := q.LockOrganization(ctx, org); err != nil {
					return err
				}
				if err := q.InsertBlock(ctx, org, uuid.NewString()+"@panic.example"); err != nil {
					return err
				}
				if _, err := q.ListOwners(ctx, org); err != nil { // the change is sent with the next question
					return err
				}
				panic("in the middle of a change")
			})
		}},
	}
	for _, k := range kinds {
		s.Web.Inject(k.path, k.run)
	}
	ann := s.as(s.Ann)
	ann.get(paths.Org(rostertest.Acme)).says(http.StatusOK)
	before := runtime.NumGoroutine()

	const together, each = 10, 20
	for round := range 1000 / (together * each) {
		rostertest.Together(together, func(i int) {
			for range each {
				k := kinds[(round+i)%len(kinds)]
				form := ann.post(k.path, nil)
				id := form.header.Get("X-Request-Id")
				if form.status != http.StatusInternalServerError || id == "" || !strings.Contains(form.raw, id) || !strings.Contains(form.raw, "</html>") || strings.Contains(form.raw, "half a page") {
					t.Errorf("%s: %d, request %q\n%s", k.path, form.status, id, form.text())
				}
			}
		})
		for _, k := range kinds {
			piece := ann.piece(http.MethodGet, k.path, nil)
			if piece.status != http.StatusInternalServerError || !strings.Contains(piece.raw, piece.header.Get("X-Request-Id")) || strings.Contains(piece.raw, "<html") {
				t.Errorf("%s as a piece: %d\n%s", k.path, piece.status, piece.raw)
			}
		}
		ann.get(paths.Org(rostertest.Acme)).says(http.StatusOK) // the same session
	}

	if n := s.Count(t, `SELECT count(*) FROM roster.invitation_blocks WHERE email_norm LIKE '%@panic.example'`); n != 0 {
		t.Errorf("%d changes are still there whose transaction panicked", n)
	}
	if n := s.Count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`); n != 0 {
		t.Errorf("%d transactions are left open", n)
	}
	suite.Until(t, "the goroutines are gone", func() bool {
		runtime.GC()
		return runtime.NumGoroutine() <= before+40 // other tests run beside this one
	})
	if said := s.logged.take(); strings.Count(said, "panic") < 1000 || !strings.Contains(said, "panic_law_test.go") {
		t.Error("the log does not say of each panic where it was")
	}
}

// take is all lines, which are no complaint any more.
func (b *logBuffer) take() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	defer b.text.Reset()
	return b.text.String()
}
