// Command ceiling is what Roster is measured against: the same pages and the same changes by Echo, templ and
// pgx with nothing between them. It asks the same statements under the same row security, in as few turns as
// can be, and renders the same page. It has none of the rest: no checks of what is sent, no headers, no rule
// book, no words for anything that goes wrong. Nobody should serve people with it.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"roster/db/authdb"
	"roster/db/rosterdb"
	"roster/internal/bench/same"
	"roster/internal/publicid"
	"roster/internal/role"
)

func main() {
	listen := flag.String("listen", "", "address to serve on")
	app := flag.String("app", "", "the database as roster_app")
	auth := flag.String("auth", "", "the database as roster_auth")
	flag.Parse()
	if err := run(context.Background(), *listen, *app, *auth); err != nil {
		fmt.Fprintln(os.Stderr, "ceiling:", err)
		os.Exit(1)
	}
}

// ceiling has the two pools that Roster's pages use, and nothing else.
type ceiling struct {
	app, auth *pgxpool.Pool
	orgs      sync.Map // slugs to ids
}

func run(ctx context.Context, listen, app, auth string) error {
	var c ceiling
	for _, one := range []struct {
		pool **pgxpool.Pool
		url  string
	}{{&c.app, app}, {&c.auth, auth}} {
		config, err := pgxpool.ParseConfig(one.url)
		if err != nil {
			return err
		}
		config.MaxConns = int32(2 * runtime.NumCPU())
		config.ConnConfig.RuntimeParams["search_path"] = "pg_catalog"
		config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan" // as Roster's
		config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error { pgxuuid.Register(conn.TypeMap()); return nil }
		if *one.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
			return err
		}
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/login", c.check)
	e.GET("/orgs/:org/members", c.members)
	e.POST("/orgs/:org/members/:mem/role", c.changeRole)
	e.POST("/orgs/:org/invitations", c.invite)
	e.POST("/orgs/:org/switch", c.switchTo)
	e.POST("/invitations/:token/accept", c.accept)
	return e.Start(listen)
}

const cookie = "__Host-roster_session"

func digestOf(token string) []byte {
	digest := sha256.Sum256([]byte(token))
	return digest[:]
}

// session is who asks, by one query.
func (c *ceiling) session(e echo.Context) (authdb.GetSessionRow, error) {
	token, err := e.Cookie(cookie)
	if err != nil {
		return authdb.GetSessionRow{}, err
	}
	return authdb.New(c.auth).GetSession(e.Request().Context(), authdb.GetSessionParams{InUse: true, Digest: digestOf(token.Value), IdleSeconds: (30 * time.Minute).Seconds()})
}

// check is a page that asks who it is and nothing else.
func (c *ceiling) check(e echo.Context) error {
	if _, err := c.session(e); err != nil {
		return e.NoContent(http.StatusOK) // the form to log in
	}
	return e.Redirect(http.StatusSeeOther, "/")
}

// org is the id of an organization, asked for once.
func (c *ceiling) org(ctx context.Context, person uuid.UUID, slug string) (uuid.UUID, error) {
	if id, ok := c.orgs.Load(slug); ok {
		return id.(uuid.UUID), nil
	}
	entry, err := rosterdb.New(c.app).Enter(ctx, rosterdb.EnterParams{UserID: person, Slug: slug})
	if err == nil {
		c.orgs.Store(slug, entry.OrgID)
	}
	return entry.OrgID, err
}

func queue(b *pgx.Batch, s same.Statement) { b.Queue(s.SQL, s.Args...) }

// enter queues the step into an organization: its context, and who the person is there.
func (c *ceiling) enter(b *pgx.Batch, person, org uuid.UUID, slug string) {
	b.Queue(`SELECT set_config('roster.org_id', $1, true)`, org.String())
	queue(b, same.Of(func(q *rosterdb.Queries) {
		_, _ = q.Enter(context.Background(), rosterdb.EnterParams{UserID: person, Slug: slug})
	}))
}

// entered reads the answers to enter.
func entered(results pgx.BatchResults) (rosterdb.EnterRow, error) {
	if _, err := results.Exec(); err != nil {
		return rosterdb.EnterRow{}, err
	}
	return one[rosterdb.EnterRow](results)
}

func one[Row any](results pgx.BatchResults) (Row, error) {
	rows, err := results.Query()
	if err != nil {
		var none Row
		return none, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Row])
}

const (
	day    = "2 Jan 2006"
	minute = "2 Jan 2006, 15:04"
)

// list is what the page shows.
type list struct {
	OrgID, OrgName, Base, Slug string
	Mark, Person, Email        string
	Members, Pending, Next     string
	Now                        time.Time
	Rows                       []member
}

type member struct {
	ID, URL, Name, Email, Initials, Hue string
	Role, Status, Inviter               string
	Joined, Active                      time.Time
}

// mark is as long as Roster's.
var mark = rand.Text() + rand.Text() + rand.Text() + rand.Text()[:10]

var (
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	zippers = sync.Pool{New: func() any {
		z, _ := gzip.NewWriterLevel(nil, gzip.DefaultCompression) // the level is known to be one
		return z
	}}
)

const pageSize = 50

// members is the page that is measured most: two turns to the database, and one template.
func (c *ceiling) members(e echo.Context) error {
	ctx := e.Request().Context()
	session, err := c.session(e)
	if err != nil {
		return err
	}
	slug := e.Param("org")
	org, err := c.org(ctx, session.UserID, slug)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	c.enter(b, session.UserID, org, slug)
	queue(b, same.Of(func(q *rosterdb.Queries) {
		_, _ = q.ListMembersByName(ctx, rosterdb.ListMembersByNameParams{OrgID: org, AfterID: uuid.Nil, PageSize: pageSize + 1})
	}))
	results := c.app.SendBatch(ctx, b)
	defer results.Close()
	entry, err := entered(results)
	if err != nil {
		return err
	}
	found, err := results.Query()
	if err != nil {
		return err
	}
	rows, err := pgx.CollectRows(found, pgx.RowToStructByPos[rosterdb.ListMembersByNameRow])
	if err != nil {
		return err
	}

	base := "/orgs/" + entry.Slug
	p := list{OrgID: publicid.Organization.Of(org), OrgName: entry.OrgName, Base: base, Slug: entry.Slug, Mark: mark, Person: session.Name, Email: session.Email,
		Members: strconv.Itoa(int(entry.MembersCount)), Pending: strconv.Itoa(int(entry.OpenInvitations)), Now: time.Now().UTC(), Rows: make([]member, 0, pageSize)}
	for i, r := range rows {
		if i == pageSize {
			last := rows[i-1]
			p.Next = base64.RawURLEncoding.EncodeToString(append(last.UserID[:], last.SortName...))
			break
		}
		m := member{ID: publicid.Membership.Of(r.RowID), Name: r.Name, Email: r.Email, Initials: r.Name[:min(2, len(r.Name))], Hue: "avatar hue-1",
			Status: r.Status, Inviter: r.InviterName, Joined: r.Since, Active: r.LastActiveAt}
		if len(r.Roles) > 0 {
			m.Role = role.Role(r.Roles[0]).Label()
		}
		m.URL = base + "/members/" + m.ID
		p.Rows = append(p.Rows, m)
	}
	html := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(html)
	html.Reset()
	if err := page(&p).Render(ctx, html); err != nil {
		return err
	}
	if !strings.Contains(e.Request().Header.Get("Accept-Encoding"), "gzip") {
		return e.HTMLBlob(http.StatusOK, html.Bytes())
	}
	e.Response().Header().Set("Content-Encoding", "gzip")
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	zipped := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(zipped)
	zipped.Reset()
	z.Reset(zipped)
	if _, err := z.Write(html.Bytes()); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return e.HTMLBlob(http.StatusOK, zipped.Bytes())
}

// facts is JSON of one key.
func facts(key string, value any) []byte {
	text, err := json.Marshal(map[string]any{key: value})
	if err != nil {
		panic(err) // never: it is made of strings
	}
	return text
}
