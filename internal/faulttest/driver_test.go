package faulttest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/internal/suite"
	"roster/views/paths"
)

// driver posts numbered operations for an owner, several at a time, and notes what became of each. One that
// failed is posted again as it was, as somebody does who presses the button once more, until it is
// acknowledged or the driver stops.
type driver struct {
	t       *testing.T
	owner   *person
	slug    string
	targets []*target
	stop    chan struct{}
	done    sync.WaitGroup

	mu  sync.Mutex
	ops []*operation
}

// operation is one press of a button, repeated until it worked.
type operation struct {
	number  int
	address string  // it invites this address,
	target  *target // or gives this member a role
	role    string
	tries   []try
}

// try is one request and its answer.
type try struct {
	began, ended time.Time
	status       int    // 0: the connection broke, nobody knows
	request      string // X-Request-Id
	retryAfter   string
	body         string // of a refusal
	err          error
}

// acknowledged tells that the operation was told to be done.
func (o *operation) acknowledged() bool {
	return len(o.tries) > 0 && o.tries[len(o.tries)-1].status == http.StatusSeeOther
}

// target is a member whose role one worker of the driver changes to and fro.
type target struct {
	person     *person
	membership string
}

// drive starts a driver with so many workers: one for each member to change the role of, the rest invite.
func drive(t *testing.T, owner *person, slug string, workers int, members ...*person) *driver {
	t.Helper()
	d := &driver{t: t, owner: owner, slug: slug, stop: make(chan struct{})}
	for _, m := range members {
		d.targets = append(d.targets, &target{m, m.membership(slug)})
	}
	t.Cleanup(d.halt)
	for worker := range workers {
		d.done.Go(func() {
			for n := 0; !d.stopped(); n++ {
				d.work(worker, n)
			}
		})
	}
	return d
}

// work posts one operation until it is acknowledged.
func (d *driver) work(worker, n int) {
	o := &operation{}
	if worker < len(d.targets) {
		o.target, o.role = d.targets[worker], []string{"viewer", "member"}[n%2]
	}
	d.mu.Lock()
	o.number = len(d.ops)
	d.ops = append(d.ops, o)
	d.mu.Unlock()

	page, to := paths.Invitations(d.slug), paths.Invitations(d.slug)
	fields := []string{"role", "member", "preview", "no"}
	if o.target == nil {
		o.address = fmt.Sprintf("n%06d@drive.example", o.number)
		fields = append(fields, "emails", o.address)
	} else {
		page, to = paths.ChangeRole(d.slug, o.target.membership), paths.ChangeRole(d.slug, o.target.membership)
		fields = []string{"role", o.role}
	}
	// The page's marks go with each press, and by them a second one of the same form is known.
	marks, found := d.owner.marks(page, to)
	for ; !found && !d.stopped(); marks, found = d.owner.marks(page, to) {
		pause(d.stop, 20*time.Millisecond)
	}
	if !found {
		return
	}
	form := with(marks, fields...)
	for !d.stopped() {
		began := time.Now()
		a, err := d.owner.post(to, form)
		made := try{began: began, ended: time.Now(), status: a.status, request: a.request, err: err}
		if err == nil {
			made.retryAfter = a.header.Get("Retry-After")
			if a.status != http.StatusSeeOther {
				made.body = a.body
			}
		}
		d.mu.Lock()
		o.tries = append(o.tries, made)
		d.mu.Unlock()
		if a.status == http.StatusSeeOther {
			return
		}
		pause(d.stop, 20*time.Millisecond) // nobody presses quicker, and the machine has others to serve
	}
}

// marks are the hidden fields of a page's form, if the page comes.
func (p *person) marks(page, action string) (url.Values, bool) {
	a, err := p.get(page)
	if err != nil || a.status != http.StatusOK {
		return nil, false
	}
	return hidden(a.body, action)
}

// pause lets a moment pass, unless stop is closed first.
func pause(stop <-chan struct{}, moment time.Duration) {
	select {
	case <-stop:
	case <-time.After(moment):
	}
}

func (d *driver) stopped() bool {
	select {
	case <-d.stop:
		return true
	default:
		return false
	}
}

// halt lets the operations that are under way end, and begins no other. It can be called again.
func (d *driver) halt() {
	if !d.stopped() {
		close(d.stop)
	}
	d.done.Wait()
}

// tries are all requests so far that have an answer, or none.
func (d *driver) tries() []try {
	d.mu.Lock()
	defer d.mu.Unlock()
	var made []try
	for _, o := range d.ops {
		made = append(made, o.tries...)
	}
	return made
}

// acknowledged counts the operations that were told to be done.
func (d *driver) acknowledged() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, o := range d.ops {
		if o.acknowledged() {
			n++
		}
	}
	return n
}

// progress waits until so many more operations are acknowledged, and answers with how long that took.
func (d *driver) progress(n int) time.Duration {
	d.t.Helper()
	began, had := time.Now(), d.acknowledged()
	suite.Until(d.t, fmt.Sprintf("%d operations are acknowledged", n), func() bool { return d.acknowledged() >= had+n })
	return time.Since(began)
}

// tally says how often each status was answered; 0 is a broken connection.
func (d *driver) tally() map[int]int {
	counts := map[int]int{}
	for _, one := range d.tries() {
		counts[one.status]++
	}
	return counts
}

// crowded tells a page that asks to come back because too much is asked at once: on a slow machine that is nobody's fault, and
// whoever is told so comes back.
func crowded(page string) bool {
	said := heading(page)
	return said == "Roster is busy at the moment" || strings.HasPrefix(said, "Busy: ") || strings.Contains(said, "too much at once") || strings.HasPrefix(said, "Too much is asked")
}

// heading is what a page is headed with.
func heading(page string) string {
	_, rest, _ := strings.Cut(page, "<h1")
	_, rest, _ = strings.Cut(rest, ">")
	text, _, _ := strings.Cut(rest, "</h1>")
	return words(text)
}

// onlyKinds fails the test if a request was answered with another status than these, or with a busy page; 0 is a broken
// connection. A 503 must say when to come back, and be a whole page.
func (d *driver) onlyKinds(statuses ...int) {
	d.t.Helper()
	for _, one := range d.tries() {
		switch {
		case !slices.Contains(statuses, one.status) && !(one.status == http.StatusServiceUnavailable && crowded(one.body)):
			d.t.Errorf("request %s was answered %d (%v): %.300s", one.request, one.status, one.err, words(one.body))
		case one.status == http.StatusServiceUnavailable && (one.retryAfter == "" || !strings.Contains(one.body, "<h1")):
			d.t.Errorf("request %s: a 503 with Retry-After %q: %.300s", one.request, one.retryAfter, one.body)
		}
	}
}

// judge is the oracle: every acknowledged operation is in the database once, with its audit and, if it mails, its
// letter; every other one is there wholly or not at all.
func (d *driver) judge(site *site) {
	d.t.Helper()
	d.halt()
	org := one[uuid.UUID](d.t, site.database, `SELECT id FROM roster.organizations WHERE slug = $1`, d.slug)
	invited := counts(d.t, site, `SELECT email_norm, count(*) FROM roster.invitations WHERE org_id = $1 GROUP BY 1`, org)
	told := counts(d.t, site, `SELECT subject_name, count(*) FROM roster.audit_events WHERE org_id = $1 AND event = 'invitation.sent' GROUP BY 1`, org)
	tokens := counts(d.t, site, `SELECT i.email_norm, count(*) FROM roster.invitation_tokens t JOIN roster.invitations i
		ON (i.org_id, i.id) = (t.org_id, t.invitation_id) WHERE t.org_id = $1 GROUP BY 1`, org)
	letters := counts(d.t, site, `SELECT args->'data'->>'To', count(*) FROM river.river_job WHERE args->>'org_id' = $1 AND args->>'letter' = 'invitation' GROUP BY 1`, org.String())
	requests := counts(d.t, site, `SELECT request_id, count(*) FROM roster.audit_events WHERE org_id = $1 GROUP BY 1`, org)

	lastKnown, perhaps := map[*target]string{}, map[*target][]string{}
	done := 0
	for _, o := range d.ops {
		if o.acknowledged() {
			done++
		}
		if o.target != nil {
			if o.acknowledged() {
				lastKnown[o.target], perhaps[o.target] = o.role, nil
			} else {
				perhaps[o.target] = append(perhaps[o.target], o.role)
			}
			written := 0
			for _, one := range o.tries {
				written += requests[one.request]
			}
			if written > 1 {
				d.t.Errorf("operation %d changed a role %d times", o.number, written)
			}
			continue
		}
		is := [4]int{invited[o.address], told[o.address], tokens[o.address], letters[o.address]}
		if is != [4]int{1, 1, 1, 1} && (o.acknowledged() || is != [4]int{}) {
			d.t.Errorf("operation %d (acknowledged: %t) left invitation, audit, token, letter = %v", o.number, o.acknowledged(), is)
		}
	}
	for _, m := range d.targets {
		has := one[string](d.t, site.database, `SELECT r.role FROM roster.membership_roles r JOIN roster.users u ON u.id = r.user_id
			WHERE r.org_id = $1 AND u.email = $2`, org, m.person.email)
		if lastKnown[m] != "" && has != lastKnown[m] && !slices.Contains(perhaps[m], has) {
			d.t.Errorf("%s is %s, and %s was acknowledged last", m.person.name, has, lastKnown[m])
		}
	}
	d.t.Logf("%d operations, %d acknowledged; answers: %v", len(d.ops), done, d.tally())
	if done == 0 {
		d.t.Error("no operation was acknowledged: nothing was tried")
	}
}

// counts reads names and numbers.
func counts(t *testing.T, site *site, sql string, args ...any) map[string]int {
	t.Helper()
	conn := site.super(t)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	var name string
	var n int
	for rows.Next() {
		if err := rows.Scan(&name, &n); err != nil {
			t.Fatal(err)
		}
		found[name] += n
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return maps.Clone(found)
}
