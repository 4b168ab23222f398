package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// changes is the world in which something is changed: a copy, gone with the run.
const changes = "changes"

// openChanges copies a world. Its queue of letters is paused: they are queued like any others, and not sent.
func (b *bench) openChanges(ctx context.Context) error {
	if err := b.worlds.clone(ctx, world(b.sizes[min(1, len(b.sizes)-1)]), changes); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, b.worlds.URL(b.worlds.Superuser(), changes))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `INSERT INTO river.river_queue (name, created_at, updated_at, paused_at) VALUES ('default', now(), now(), now())
		ON CONFLICT (name) DO UPDATE SET paused_at = now()`)
	return err
}

// marksOf are what every form of an organization's page carries, and a form of its own.
func marksOf(ctx context.Context, one *browser, slug string) (url.Values, error) {
	page, err := one.must(ctx, http.StatusOK, "/orgs/"+slug, nil)
	if err != nil {
		return nil, err
	}
	text, err := unzipped(page)
	if err != nil {
		return nil, err
	}
	org, person := ofOrg.FindSubmatch(text), ofPerson.FindSubmatch(text)
	if org == nil || person == nil {
		return nil, errors.New("the page does not say whose it is")
	}
	return url.Values{"_org": {string(org[1])}, "_person": {string(person[1])}}, nil
}

// with is a form of its own with a few more fields.
func with(marks url.Values, fields ...string) url.Values {
	form := url.Values{"submission": {uuid.NewString()}}
	for name, values := range marks {
		form[name] = values
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return form
}

// changeRole gives a member the other one of two roles.
func changeRole(ctx context.Context, one *browser, member string, times int, headers ...string) (*answer, error) {
	status := http.StatusSeeOther
	if len(headers) > 0 {
		status = http.StatusOK
	}
	return one.must(ctx, status, "/orgs/"+acme+"/members/"+member+"/role", with(one.marks, "role", []string{"viewer", "guest"}[times%2]), headers...)
}

// writes sets changes against the ceiling: each in rounds of its own, with forms as a page of ours sends them.
func (b *bench) writes(ctx context.Context) error {
	at := b.at(changes)
	ours, err := b.serve(ctx, rosterProgram, at)
	if err != nil {
		return err
	}
	defer ours.stop()
	ceiling, err := b.serve(ctx, ceilingProgram, at)
	if err != nil {
		return err
	}
	defer ceiling.stop()
	people, err := b.changeable(ctx)
	if err != nil {
		return err
	}
	half := len(people) / 2
	for _, one := range []struct {
		what string
		cell func(*process, []string) (cell, error)
	}{
		{"switch", func(p *process, _ []string) (cell, error) { return switching(ctx, ours, p) }},
		{"role change", func(p *process, people []string) (cell, error) { return changing(ctx, ours, p, people) }},
		{"invite", func(p *process, _ []string) (cell, error) { return inviting(ctx, ours, p) }},
		{"accept", func(p *process, _ []string) (cell, error) { return b.accepting(ctx, p) }},
	} {
		mine, err := one.cell(ours, people[:half])
		if err != nil {
			return fmt.Errorf("%s: %w", one.what, err)
		}
		theirs, err := one.cell(ceiling, people[half:])
		if err != nil {
			return fmt.Errorf("%s: %w", one.what, err)
		}
		rounds, err := b.sideBySide(ctx, mine, theirs)
		if err != nil {
			return fmt.Errorf("%s: %w", one.what, err)
		}
		b.table.add(against("write: "+one.what+" / ceiling", &limit{0.50, 0.70}, rounds[0], rounds[1]))
	}
	return b.changedRow(ctx, ours, people[0])
}

// crewAt are people with a page of the small organization open, logged in at one server and using another.
func crewAt(ctx context.Context, door, p *process, emails ...string) ([]*browser, error) {
	all := make([]*browser, workers)
	for i := range all {
		one, err := logIn(ctx, door.address, emails[i%len(emails)])
		if err != nil {
			return nil, err
		}
		if one.marks, err = marksOf(ctx, one, acme); err != nil {
			return nil, err
		}
		one.server, all[i] = p.address, one
	}
	return all, nil
}

// switching: four people who are in several organizations go to and fro between two.
func switching(ctx context.Context, door, p *process) (cell, error) {
	all, err := crewAt(ctx, door, p, mara, "aiko.tanaka@acme.example", "tomas@acme.example", "jonas.weber@acme.example")
	elsewhere := []string{"kestrel-labs", "beta-instruments", "harbour-vine", "ziegler-bau"}
	return cell{p, workers, func(ctx context.Context, worker, n int) (*answer, error) {
		to := acme
		if n%2 == 0 {
			to = elsewhere[worker]
		}
		one := all[worker]
		form := with(url.Values{"_person": one.marks["_person"]}, "section", "members")
		return one.must(ctx, http.StatusSeeOther, "/orgs/"+to+"/switch", form)
	}}, err
}

// changing: an owner gives people roles. Each worker has people of its own and goes on where the last round
// ended, so that every change is one.
func changing(ctx context.Context, door, p *process, people []string) (cell, error) {
	all, err := crewAt(ctx, door, p, mara)
	own := len(people) / workers
	var times [workers]int
	return cell{p, workers, func(ctx context.Context, worker, _ int) (*answer, error) {
		n := times[worker]
		times[worker]++
		return changeRole(ctx, all[worker], people[worker*own+n%own], n/own)
	}}, err
}

// inviting: an owner invites somebody new, one by one.
func inviting(ctx context.Context, door, p *process) (cell, error) {
	all, err := crewAt(ctx, door, p, mara)
	var counter atomic.Int64
	return cell{p, workers, func(ctx context.Context, worker, _ int) (*answer, error) {
		email := fmt.Sprintf("guest%d@%s.example", counter.Add(1), p.name)
		return all[worker].must(ctx, http.StatusSeeOther, "/orgs/"+acme+"/invitations", with(all[worker].marks, "emails", email, "role", "member"))
	}}, err
}

// accepting: everybody accepts once, so they stand in line, some for each round.
func (b *bench) accepting(ctx context.Context, p *process) (cell, error) {
	guests, err := b.invited(ctx)
	all := make([]*browser, workers)
	for i := range all {
		all[i] = newBrowser(p.address)
	}
	var next atomic.Int64
	share := len(guests) / (b.rounds + 1) / workers
	return cell{p, workers, func(ctx context.Context, worker, n int) (*answer, error) {
		if n >= share {
			return nil, errNoMore
		}
		guest := guests[next.Add(1)-1]
		all[worker].session = guest.session
		return all[worker].must(ctx, http.StatusSeeOther, "/invitations/"+guest.link+"/accept", with(nil))
	}}, err
}

// changedRow is the piece that htmx gets for a change.
func (b *bench) changedRow(ctx context.Context, p *process, member string) error {
	owner, err := logIn(ctx, p.address, mara)
	if err != nil {
		return err
	}
	if owner.marks, err = marksOf(ctx, owner, acme); err != nil {
		return err
	}
	if _, err := changeRole(ctx, owner, member, 0); err != nil {
		return err
	}
	owner.gzip = true
	piece, err := changeRole(ctx, owner, member, 1, htmx...)
	if err != nil {
		return err
	}
	text, err := unzipped(piece)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), member) {
		return errors.New("the piece for a changed row has no such row")
	}
	b.table.add(row{figure: "piece for one changed row", unit: kilo, value: float64(len(piece.body)) / 1000, limit: &limit{1, 0.6}, note: fmt.Sprintf("%d bytes before compression", len(text))})
	return nil
}

// guest is somebody who is logged in and has a link to an invitation.
type guest struct{ session, link string }

// invited logs the crowd of the large organization in and invites it to the small one, past all doors: a
// password takes a deliberate while, and theirs are not what is measured.
func (b *bench) invited(ctx context.Context) ([]guest, error) {
	conn, err := pgx.Connect(ctx, b.worlds.URL(b.worlds.Superuser(), changes))
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	var org uuid.UUID
	if err := conn.QueryRow(ctx, `SELECT id FROM roster.organizations WHERE slug = $1`, acme).Scan(&org); err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, `SELECT u.id FROM roster.users u WHERE u.status = 'active'
		AND NOT EXISTS (SELECT FROM roster.memberships m WHERE m.org_id = $1 AND m.user_id = u.id)
		AND NOT EXISTS (SELECT FROM roster.invitations i WHERE i.org_id = $1 AND i.email_norm = u.email_norm)
		ORDER BY u.id LIMIT 4500`, org)
	if err != nil {
		return nil, err
	}
	people, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, err
	}
	guests := make([]guest, len(people))
	var sessions, links [][]byte
	for i := range people {
		guests[i].session = base64.RawURLEncoding.EncodeToString([]byte(rand.Text() + rand.Text())[:32])
		session := sha256.Sum256([]byte(guests[i].session))
		sessions = append(sessions, session[:])
		raw := append(org[:len(org):len(org)], make([]byte, 32)...)
		_, _ = rand.Read(raw[16:])
		guests[i].link = base64.RawURLEncoding.EncodeToString(raw)
		link := sha256.Sum256(raw)
		links = append(links, link[:])
	}
	for _, sql := range []string{
		`INSERT INTO auth.sessions (token_digest, public_id, user_id, data, epoch, expires_at)
		SELECT x.session, gen_random_uuid(), x.person, int4send(extract(epoch FROM now() + interval '10 hours')::integer), (SELECT epoch FROM auth.instance), now() + interval '10 hours'
		FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS x (person, session, link) WHERE $4::uuid IS NOT NULL`,
		`INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, message, invited_by, life, expires_at, delivery)
		SELECT $4, x.person, u.email, u.email_norm, '{member}', '', (SELECT o.user_id FROM roster.memberships o WHERE o.org_id = $4 AND o.email = '` + mara + `'),
			interval '30 days', now() + interval '30 days', 'queued'
		FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS x (person, session, link) JOIN roster.users u ON u.id = x.person`,
		`INSERT INTO roster.invitation_tokens (org_id, digest, invitation_id, kind)
		SELECT $4, x.link, x.person, 'mailed' FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS x (person, session, link)`,
	} {
		if _, err := conn.Exec(ctx, sql, people, sessions, links, org); err != nil {
			return nil, fmt.Errorf("invite the crowd: %w", err)
		}
	}
	for _, table := range []string{"auth.sessions", "roster.invitations", "roster.invitation_tokens"} {
		if _, err := conn.Exec(ctx, "ANALYZE "+table); err != nil {
			return nil, err
		}
	}
	return guests, nil
}
