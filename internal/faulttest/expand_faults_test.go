//go:build faults

package faulttest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"roster/internal/suite"
	"roster/views/paths"
)

// expansion is what the next version's migrations might be: they only add, as all do while nodes of the version before
// are still running.
var expansion = map[string]string{
	"00900_column.sql": `-- +goose Up
ALTER TABLE roster.memberships ADD COLUMN badge text NOT NULL DEFAULT '';
ALTER TABLE roster.memberships ADD CONSTRAINT memberships_badge CHECK (octet_length(badge) <= 100) NOT VALID;
`,
	"00901_index.sql": `-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS roster.memberships_badges;
CREATE INDEX CONCURRENTLY memberships_badges ON roster.memberships (org_id, badge);
`,
	"00902_validate.sql": `-- +goose Up
ALTER TABLE roster.memberships VALIDATE CONSTRAINT memberships_badge;
CREATE TABLE platform.badges (badge text PRIMARY KEY);
`,
}

// nextVersion is the program with migrations that these sources do not have yet.
func nextVersion(t *testing.T) string {
	t.Helper()
	file, err := buildNext()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var buildNext = sync.OnceValues(func() (string, error) {
	migrations, err := filepath.Abs("../../db/migrations")
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for name, text := range expansion {
		file := filepath.Join(workplace, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(migrations, name)] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	list := filepath.Join(workplace, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return "", err
	}
	file := filepath.Join(workplace, "roster-next")
	if said, err := exec.Command("go", "build", "-overlay", list, "-o", file, "roster/cmd/roster").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the next version: %w\n%s", err, said)
	}
	return file, nil
})

// migrator is `roster migrate` of another version, not started.
func (d *database) migrator(version string) (*exec.Cmd, *transcript) {
	cmd, said := exec.Command(version, "migrate"), &transcript{}
	cmd.Env = append(d.environ(), "PATH="+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = said, said, tied()
	return cmd, said
}

// R19: the next version migrates under load, while somebody reads a table at length, as a backup does. No request fails,
// none waits for more than a second, and nodes of both versions serve afterwards.
func TestNextVersionMigratesUnderLoad(t *testing.T) {
	t.Parallel()
	next := nextVersion(t)
	s := newSite(t, shared)
	n := s.start()
	ann, cem := s.signUp(n, "Ann Owner"), s.signUp(n, "Cem Member")
	ann.found("acme")
	cem.join(ann, "acme")
	s.mature("acme")
	look := func(int) error {
		if a, err := ann.get(paths.Members("acme")); err != nil || a.status != http.StatusOK {
			return fmt.Errorf("a page is answered %d (%v)", a.status, err)
		}
		return nil
	}
	d := drive(t, ann, "acme", 2, cem)
	calm := pressOn(t, 20, look)
	d.progress(40)
	calm.end()

	load := pressOn(t, 20, look)
	reader, err := s.super(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(t.Context(), `SELECT count(*) FROM roster.memberships`); err != nil {
		t.Fatal(err)
	}
	cmd, said := s.migrator(next)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	waits := func() bool {
		return s.count(t, `SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation = 'roster.memberships'::regclass
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) > 0
	}
	for range 2 { // it gives way, and comes again
		suite.Until(t, "the migrator waits for the reader", waits)
		suite.Until(t, "the migrator gives way to the requests behind it", func() bool { return !waits() })
	}
	if err := reader.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-over:
		if err != nil {
			t.Fatalf("the migrator: %v\n%s", err, said)
		}
	case <-time.After(60 * time.Second):
		t.Fatalf("the migrator is not through: %s", said)
	}
	d.progress(10)
	load.end()
	limit := max(time.Second, 3*calm.slowest(1)) // a machine that others use has its own pauses
	if slow := load.slowest(1); slow > limit {
		t.Errorf("a page took %v; before the migration %v at most", slow, calm.slowest(1))
	}
	for _, one := range d.tries() {
		if took := one.ended.Sub(one.began); took > limit {
			t.Errorf("a change took %v", took)
		}
	}
	t.Logf("before: %s; during: %s", calm, load)

	newer := s.launchAs(func(cmd *exec.Cmd) { cmd.Path = next })
	if !newer.comesUp() {
		t.Fatalf("a node of the next version did not come up: %s", newer.said)
	}
	ann.at(newer)
	d.progress(5)
	ann.at(n)
	d.progress(5)
	d.halt()
	d.onlyKinds(http.StatusSeeOther)
	d.judge(s)
}

// R19: a migrator that is killed, again and again at any moment, is finished by the next one: the schema is then the same
// as if nobody had been killed.
func TestKilledMigratorsEndInTheSameSchema(t *testing.T) {
	t.Parallel()
	next := nextVersion(t)
	whole := emptyDatabase(t, shared)
	cmd, said := whole.migrator(next)
	began := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	took := time.Since(began)
	want, all := whole.schema(t), 0
	for range roundsOr(3) {
		d := emptyDatabase(t, shared)
		killed := 0
		for through := false; !through; {
			cmd, _ := d.migrator(next)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			over := make(chan error, 1)
			go func() { over <- cmd.Wait() }()
			select {
			case err := <-over:
				through = err == nil
			case <-time.After(rand.N(took)):
				_ = cmd.Process.Kill() // it may be through
				if through = <-over == nil; !through {
					killed++
				}
			}
		}
		got := d.schema(t)
		for _, line := range got {
			if !slices.Contains(want, line) {
				t.Errorf("only after a kill: %s", line)
			}
		}
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Errorf("missing after a kill: %s", line)
			}
		}
		t.Logf("%d were killed; %d things in the schema", killed, len(got))
		all += killed
	}
	if all == 0 {
		t.Error("nobody was killed: nothing was tried")
	}
}

// schema says of each thing in the database what it is.
func (d *database) schema(t *testing.T) []string {
	t.Helper()
	lines := all[string](t, d, `
		WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('roster', 'door', 'auth', 'platform', 'river', 'keyring', 'ext'))
		SELECT format('column %s.%s.%s %s %s %s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(x.adbin, x.adrelid))
		  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN ours n ON n.oid = c.relnamespace LEFT JOIN pg_attrdef x ON (x.adrelid, x.adnum) = (a.attrelid, a.attnum)
		 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v')
		UNION ALL SELECT format('relation %s.%s %s %s %s %s %s', n.nspname, c.relname, c.relkind, c.relowner::regrole, c.relacl, c.relrowsecurity, c.relforcerowsecurity)
		  FROM pg_class c JOIN ours n ON n.oid = c.relnamespace
		UNION ALL SELECT format('constraint %s.%s %s %s', n.nspname, k.conname, pg_get_constraintdef(k.oid), k.convalidated) FROM pg_constraint k JOIN ours n ON n.oid = k.connamespace
		UNION ALL SELECT format('index %s %s', pg_get_indexdef(i.indexrelid), i.indisvalid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN ours n ON n.oid = c.relnamespace
		UNION ALL SELECT format('function %s.%s %s %s', n.nspname, p.proname, p.proacl, md5(p.prosrc)) FROM pg_proc p JOIN ours n ON n.oid = p.pronamespace
		UNION ALL SELECT format('policy %s.%s %s %s %s %s', schemaname, tablename, policyname, roles, qual, with_check) FROM pg_policies
		UNION ALL SELECT format('trigger %s', pg_get_triggerdef(g.oid)) FROM pg_trigger g WHERE NOT g.tgisinternal
		UNION ALL SELECT format('step %s', version_id) FROM platform.goose_db_version WHERE is_applied
		UNION ALL SELECT format('step of the queue %s', version) FROM river.river_migration`)
	if len(lines) < 200 || !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "memberships_badges") && strings.HasSuffix(l, " t") }) {
		t.Fatalf("the schema has %d things in it only", len(lines))
	}
	slices.Sort(lines)
	return lines
}
