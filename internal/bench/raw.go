package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/bench/same"
	"roster/internal/publicid"
)

// pgbench finds PostgreSQL's own load program. Debian has it beside the server.
func pgbench() (string, error) {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench") // the pattern is a good one
	if len(found) == 0 {
		return "", errors.New("pgbench is not installed")
	}
	slices.Sort(found)
	return found[len(found)-1], nil
}

var (
	parameter = regexp.MustCompile(`\$(\d+)`)
	comment   = regexp.MustCompile(`(?m)^\s*--.*\n`)
)

// named spells a statement as pgbench takes it: without comments, with parameters by name, and in place what
// cannot be one: NULL and the empty text.
func named(sql string, args []any, prefix string) (string, map[string]string) {
	values := map[string]string{}
	return parameter.ReplaceAllStringFunc(comment.ReplaceAllString(sql, ""), func(dollar string) string {
		n, err := strconv.Atoi(dollar[1:])
		if err != nil || n < 1 || n > len(args) {
			return dollar
		}
		switch arg := args[n-1].(type) {
		case nil:
			return "NULL"
		case *uuid.UUID:
			if arg == nil {
				return "NULL"
			}
		case string:
			if arg == "" {
				return "''"
			}
		}
		name := prefix + dollar[1:]
		values[name] = fmt.Sprint(args[n-1])
		return ":" + name
	}), values
}

var processed = regexp.MustCompile(`number of transactions actually processed: (\d+)`)

// script is what pgbench sends as one batch, in an organization that is looked at.
func script(org uuid.UUID, statements []same.Statement) (text string, args []string) {
	text = "\\startpipeline\nSELECT set_config('roster.org_id', :org, true), set_config('transaction_read_only', 'on', true);\n"
	args = []string{"-D", "org=" + org.String()}
	for i, s := range statements {
		sql, values := named(s.SQL, s.Args, fmt.Sprintf("s%dp", i))
		for name, value := range values {
			args = append(args, "-D", name+"="+value)
		}
		text += sql + ";\n"
	}
	return text + "\\endpipeline\n", args
}

// raw lets pgbench send statements for a while as each of some roles, at the same time, so that whatever else
// the machine does touches all alike. It says how often that went, and how long the role's process in
// PostgreSQL worked for it.
func (b *bench) raw(ctx context.Context, program, database string, org uuid.UUID, statements []same.Statement, roles ...string) ([]round, error) {
	text, args := script(org, statements)
	file := filepath.Join(b.dir, "page.sql")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	args = append(args, "-n", "-M", "prepared", "-c", "1", "-T", strconv.Itoa(max(1, int(b.long.Seconds()))), "-f", file)
	said, errs := make([]bytes.Buffer, len(roles)), make([]error, len(roles))
	var wait sync.WaitGroup
	for i, role := range roles {
		command := exec.CommandContext(ctx, program, append(args, b.worlds.URL(role, database))...)
		command.Stdout, command.Stderr = &said[i], &said[i]
		command.Env = append(os.Environ(), "PGOPTIONS=-c plan_cache_mode=force_generic_plan") // as Roster's pools
		wait.Go(func() { errs[i] = command.Run() })
	}
	ended := make(chan struct{})
	go func() { wait.Wait(); close(ended) }()

	// A process is gone as soon as its client is: what it had worked is what was seen last.
	rounds := make([]round, len(roles))
	for running := true; running; {
		all, err := procs()
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			for i, role := range roles {
				if strings.HasPrefix(p.title, "postgres: ") && strings.Contains(p.title, " "+role+" "+database+" ") {
					rounds[i].cpu = max(rounds[i].cpu, p.own)
				}
			}
		}
		select {
		case <-ended:
			running = false
		case <-time.After(20 * time.Millisecond):
		}
	}
	for i := range roles {
		found := processed.FindSubmatch(said[i].Bytes())
		if errs[i] != nil || found == nil {
			return nil, fmt.Errorf("pgbench: %w: %s", errs[i], said[i].String())
		}
		var err error
		if rounds[i].done, err = strconv.Atoi(string(found[1])); err != nil {
			return nil, err
		}
	}
	return rounds, nil
}

// rawRows are what row security costs the page's query, and how much of a page is PostgreSQL's.
func (b *bench) rawRows(ctx context.Context) error {
	const security = "row security's cost on the page's query"
	program, err := pgbench()
	if err != nil {
		b.table.add(row{figure: security, unit: percent, absent: err.Error(), limit: &limit{10, 3}})
		return nil
	}
	database := world(b.largest())
	org, person, err := b.northwind(ctx, database)
	if err != nil {
		return err
	}
	list := same.Of(func(q *rosterdb.Queries) {
		_, _ = q.ListMembersByName(ctx, rosterdb.ListMembersByNameParams{OrgID: org, AfterID: uuid.Nil, PageSize: 51})
	})
	enter := same.Of(func(q *rosterdb.Queries) { _, _ = q.Enter(ctx, rosterdb.EnterParams{UserID: person, Slug: northwind}) })

	var cost, page []float64
	for range b.rounds {
		both, err := b.raw(ctx, program, database, org, []same.Statement{list}, "roster_app", b.worlds.Superuser())
		if err != nil {
			return err
		}
		cost = append(cost, 100*(both[1].rate()/both[0].rate()-1))
		whole, err := b.raw(ctx, program, database, org, []same.Statement{enter, list}, "roster_app")
		if err != nil {
			return err
		}
		page = append(page, whole[0].rate())
	}
	b.table.add(row{figure: security, unit: percent, value: median(cost), limit: &limit{10, 3},
		note: fmt.Sprintf("processor time of the page's query by pgbench as roster_app, against a role that row security does not bind, at the same time; rounds %.1f", cost)})
	b.table.add(row{figure: "SQL alone, by pgbench, of the members page's time", unit: percent, value: 100 * b.pageRate / median(page),
		note: fmt.Sprintf("the step into the organization and the list, %.0f per second of PostgreSQL's processor time; the page %.0f per second of both's", median(page), b.pageRate)})
	return nil
}

// northwind is the large organization of a world, and its owner.
func (b *bench) northwind(ctx context.Context, database string) (org, person uuid.UUID, err error) {
	conn, err := pgx.Connect(ctx, b.worlds.URL(b.worlds.Superuser(), database))
	if err != nil {
		return org, person, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, `SELECT m.org_id, m.user_id FROM roster.organizations o JOIN roster.memberships m ON m.org_id = o.id WHERE o.slug = $1 AND m.email = $2`,
		northwind, ingrid).Scan(&org, &person)
	return org, person, err
}

// changeable are members of the small organization whose role an owner changes without being asked first.
func (b *bench) changeable(ctx context.Context) ([]string, error) {
	conn, err := pgx.Connect(ctx, b.worlds.URL(b.worlds.Superuser(), changes))
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT m.id FROM roster.organizations o JOIN roster.memberships m ON m.org_id = o.id
		WHERE o.slug = $1 AND m.status = 'active' AND m.roles <@ '{member,viewer,guest}' AND cardinality(m.roles) = 1 ORDER BY m.id`, acme)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, err
	}
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = publicid.Membership.Of(id)
	}
	if len(all) < 2*workers {
		return nil, fmt.Errorf("%s has too few members to change: %d", acme, len(all))
	}
	return all, nil
}
