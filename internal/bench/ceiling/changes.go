package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"roster/db/authdb"
	"roster/db/rosterdb"
	"roster/internal/bench/same"
	"roster/internal/publicid"
)

// change is one transaction in two turns: what is read under the organization's lock, and what is written.
func (c *ceiling) change(ctx context.Context, read func(*pgx.Batch), decide func(pgx.BatchResults) error, write func(add func(func(*rosterdb.Queries)))) error {
	conn, err := c.app.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	read(b)
	results := conn.SendBatch(ctx, b)
	_, err = results.Exec()
	if err == nil {
		err = decide(results)
	}
	if err := errors.Join(err, results.Close()); err != nil {
		_, _ = conn.Exec(ctx, "ROLLBACK")
		return err
	}
	b = &pgx.Batch{}
	write(func(ask func(*rosterdb.Queries)) { queue(b, same.Of(ask)) })
	b.Queue("COMMIT")
	return conn.SendBatch(ctx, b).Close()
}

func lock(b *pgx.Batch, org uuid.UUID) {
	queue(b, same.Of(func(q *rosterdb.Queries) { _ = q.LockOrganization(context.Background(), org) }))
}

// letter queues a letter: as long as Roster's, and never sent.
func letter(ctx context.Context, add func(func(*rosterdb.Queries)), org uuid.UUID) {
	args := string(facts("org_id", org)[:len(`{"org_id":"`)+36]) + `","filler":"` + strings.Repeat("a letter of the benchmark ", 24) + `"}`
	add(func(q *rosterdb.Queries) {
		_ = q.InsertJobs(ctx, rosterdb.InsertJobsParams{Kind: "letter", Args: []string{args}, MaxAttempts: 12})
	})
	add(func(q *rosterdb.Queries) { _ = q.WakeWorkers(ctx) })
}

// outcome is what is kept of a form, as long as Roster's.
var outcome = facts("Row", strings.Repeat("x", 500))

func keep(ctx context.Context, add func(func(*rosterdb.Queries)), e echo.Context, org, person uuid.UUID) {
	id, err := uuid.Parse(e.FormValue("submission"))
	if err != nil {
		return
	}
	add(func(q *rosterdb.Queries) {
		_ = q.InsertSubmission(ctx, rosterdb.InsertSubmissionParams{OrgID: org, UserID: person, Submission: id, Outcome: outcome})
	})
}

func (c *ceiling) event(session authdb.GetSessionRow, org uuid.UUID, name string, subject uuid.UUID, whom string) rosterdb.InsertEventParams {
	return rosterdb.InsertEventParams{OrgID: org, EventID: publicid.New(), Event: name, ActorKind: "person", ActorID: &session.UserID, ActorName: session.Name,
		SubjectKind: "membership", SubjectID: subject, SubjectName: whom, Before: facts("roles", "member"), After: facts("roles", "viewer"),
		SessionID: &session.PublicID, Address: "127.0.0.1", UserAgent: "a browser of the benchmark", RequestID: rand.Text()}
}

func (c *ceiling) changeRole(e echo.Context) error {
	ctx, slug := e.Request().Context(), e.Param("org")
	session, err := c.session(e)
	if err != nil {
		return err
	}
	org, err := c.org(ctx, session.UserID, slug)
	if err != nil {
		return err
	}
	membership, _ := publicid.Membership.Parse(e.Param("mem"))
	to := e.FormValue("role")
	var pair rosterdb.GetPairRow
	err = c.change(ctx, func(b *pgx.Batch) {
		c.enter(b, session.UserID, org, slug)
		lock(b, org)
		queue(b, same.Of(func(q *rosterdb.Queries) {
			_, _ = q.GetPair(ctx, rosterdb.GetPairParams{OrgID: org, MembershipID: membership, ActorID: session.UserID})
		}))
	}, func(results pgx.BatchResults) error {
		if _, err := entered(results); err != nil {
			return err
		}
		if _, err := results.Exec(); err != nil {
			return err
		}
		var err error
		pair, err = one[rosterdb.GetPairRow](results)
		return err
	}, func(add func(func(*rosterdb.Queries))) {
		add(func(q *rosterdb.Queries) {
			_ = q.InsertRoles(ctx, rosterdb.InsertRolesParams{OrgID: org, UserID: pair.UserID, Roles: []string{to}, GrantedBy: &session.UserID})
		})
		add(func(q *rosterdb.Queries) {
			_ = q.DeleteOtherRoles(ctx, rosterdb.DeleteOtherRolesParams{OrgID: org, UserID: pair.UserID, Roles: []string{to}})
		})
		add(func(q *rosterdb.Queries) {
			_ = q.SetMembershipStatus(ctx, rosterdb.SetMembershipStatusParams{Status: pair.Status, OrgID: org, UserID: pair.UserID})
		})
		add(func(q *rosterdb.Queries) {
			_ = q.InsertEvent(ctx, c.event(session, org, "membership.roles_changed", pair.ID, pair.Name))
		})
		letter(ctx, add, org)
		keep(ctx, add, e, org, session.UserID)
	})
	if err != nil {
		return err
	}
	return e.Redirect(http.StatusSeeOther, "/orgs/"+slug+"/members")
}

func (c *ceiling) invite(e echo.Context) error {
	ctx, slug := e.Request().Context(), e.Param("org")
	session, err := c.session(e)
	if err != nil {
		return err
	}
	org, err := c.org(ctx, session.UserID, slug)
	if err != nil {
		return err
	}
	email, as := e.FormValue("emails"), e.FormValue("role")
	var check rosterdb.CheckInviteesRow
	err = c.change(ctx, func(b *pgx.Batch) {
		c.enter(b, session.UserID, org, slug)
		lock(b, org)
		queue(b, same.Of(func(q *rosterdb.Queries) {
			_, _ = q.CheckInvitees(ctx, rosterdb.CheckInviteesParams{Emails: []string{email}, OrgID: org, ActorID: session.UserID})
		}))
	}, func(results pgx.BatchResults) error {
		if _, err := entered(results); err != nil {
			return err
		}
		if _, err := results.Exec(); err != nil {
			return err
		}
		var err error
		check, err = one[rosterdb.CheckInviteesRow](results)
		return err
	}, func(add func(func(*rosterdb.Queries))) {
		id := publicid.New()
		var token [48]byte
		_, _ = rand.Read(token[:])
		add(func(q *rosterdb.Queries) {
			_ = q.InsertInvitations(ctx, rosterdb.InsertInvitationsParams{OrgID: org, Ids: []uuid.UUID{id}, Emails: []string{email}, EmailNorms: []string{email}, SearchTexts: []string{" " + email}, Fold: 1,
				Roles: []string{as}, Messages: []string{""}, InvitedBy: session.UserID, LifeSeconds: 30 * 86400, ExpiresAt: check.At.AddDate(0, 0, 30), Delivery: "queued"})
		})
		add(func(q *rosterdb.Queries) { _ = q.EndDeclined(ctx, org, []string{email}) })
		add(func(q *rosterdb.Queries) {
			_ = q.InsertInvitationTokens(ctx, rosterdb.InsertInvitationTokensParams{OrgID: org, Digests: [][]byte{digestOf(string(token[:]))}, InvitationIds: []uuid.UUID{id}, Kind: "mailed"})
		})
		letter(ctx, add, org)
		event := c.event(session, org, "invitation.sent", id, email)
		add(func(q *rosterdb.Queries) {
			_ = q.InsertEvents(ctx, rosterdb.InsertEventsParams{OrgID: org, EventIds: []uuid.UUID{event.EventID}, Event: event.Event, ActorKind: event.ActorKind,
				ActorID: event.ActorID, ActorName: event.ActorName, SubjectKind: "invitation", SubjectIds: []uuid.UUID{id}, SubjectNames: []string{email},
				Before: event.Before, After: event.After, SessionID: event.SessionID, Address: event.Address, UserAgent: event.UserAgent, RequestID: event.RequestID})
		})
		keep(ctx, add, e, org, session.UserID)
	})
	if err != nil {
		return err
	}
	return e.Redirect(http.StatusSeeOther, "/orgs/"+slug+"/invitations")
}

func (c *ceiling) accept(e echo.Context) error {
	ctx := e.Request().Context()
	session, err := c.session(e)
	if err != nil {
		return err
	}
	token, err := base64.RawURLEncoding.DecodeString(e.Param("token"))
	if err != nil || len(token) != 48 {
		return echo.ErrNotFound
	}
	org := uuid.UUID(token[:16])
	var row rosterdb.AcceptInvitationRow
	err = c.change(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT set_config('roster.org_id', $1, true)`, org.String())
		lock(b, org)
		queue(b, same.Of(func(q *rosterdb.Queries) {
			_, _ = q.AcceptInvitation(ctx, rosterdb.AcceptInvitationParams{UserID: session.UserID, OrgID: org, Digest: digestOf(string(token)), EmailNorm: session.EmailNorm})
		}))
	}, func(results pgx.BatchResults) error {
		for range 2 {
			if _, err := results.Exec(); err != nil {
				return err
			}
		}
		var err error
		row, err = one[rosterdb.AcceptInvitationRow](results)
		return err
	}, func(add func(func(*rosterdb.Queries))) {
		id := publicid.New()
		add(func(q *rosterdb.Queries) {
			_ = q.InsertMembership(ctx, rosterdb.InsertMembershipParams{OrgID: org, UserID: session.UserID, MembershipID: id, InvitedBy: &row.InvitedBy, InvitedAt: &row.CreatedAt, JoinedThrough: "invitation"})
		})
		add(func(q *rosterdb.Queries) {
			_ = q.InsertRoles(ctx, rosterdb.InsertRolesParams{OrgID: org, UserID: session.UserID, Roles: row.Roles, GrantedBy: &row.InvitedBy})
		})
		add(func(q *rosterdb.Queries) { _ = q.EndDeclined(ctx, org, []string{session.EmailNorm}) })
		add(func(q *rosterdb.Queries) { _, _ = q.RevokeInvitationsTo(ctx, org, session.EmailNorm) })
		add(func(q *rosterdb.Queries) {
			_ = q.InsertEvent(ctx, c.event(session, org, "membership.joined", id, session.Name))
		})
		letter(ctx, add, org)
		keep(ctx, add, e, org, session.UserID)
	})
	if err != nil {
		return err
	}
	if err := c.renew(e, session, org); err != nil {
		return err
	}
	return e.Redirect(http.StatusSeeOther, "/orgs/"+row.OrgSlug)
}

func (c *ceiling) switchTo(e echo.Context) error {
	ctx, slug := e.Request().Context(), e.Param("org")
	session, err := c.session(e)
	if err != nil {
		return err
	}
	entry, err := rosterdb.New(c.app).Enter(ctx, rosterdb.EnterParams{UserID: session.UserID, Slug: slug})
	if err != nil {
		return err
	}
	if err := c.renew(e, session, entry.OrgID); err != nil {
		return err
	}
	return e.Redirect(http.StatusSeeOther, "/orgs/"+slug)
}

// renew gives a session its next token and another active organization.
func (c *ceiling) renew(e echo.Context, session authdb.GetSessionRow, org uuid.UUID) error {
	token := rand.Text() + rand.Text()
	_, err := authdb.New(c.auth).SwitchSession(e.Request().Context(), authdb.SwitchSessionParams{Session: session.PublicID, Digest: session.TokenDigest, Successor: digestOf(token), ActiveOrg: org})
	if err != nil {
		return err
	}
	e.SetCookie(&http.Cookie{Name: cookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return nil
}
