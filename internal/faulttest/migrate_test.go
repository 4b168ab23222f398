package faulttest

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"roster/internal/rostertest"
	"roster/internal/suite"
)

// R18: ten programs prepare one database at once, empty at first and then prepared already. All succeed, and each step is
// done once.
func TestTenProgramsMigrateOneDatabase(t *testing.T) {
	t.Parallel()
	d := emptyDatabase(t, shared)
	for _, state := range []string{"empty", "migrated"} {
		rostertest.Together(10, func(i int) {
			if said, err := d.migrate(t.Context()); err != nil {
				t.Errorf("program %d on an %s database: %v\n%s", i, state, err, said)
			}
		})
		if t.Failed() {
			return
		}
		d.migratedOnce(t)
	}
}

// R18: programs that are killed while they prepare a database hold nobody up, and leave nothing that the next one
// stumbles over.
func TestKilledMigrationIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	for range roundsOr(1) {
		d := emptyDatabase(t, shared)
		began := time.Now()
		var steps []int
		for {
			before := d.steps(t)
			var programs []*exec.Cmd
			over := make(chan error, 3)
			for range 3 {
				cmd := exec.Command(program, "migrate")
				cmd.Env = append(d.environ(), "PATH="+os.Getenv("PATH"), raceOptions)
				cmd.SysProcAttr = tied()
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				programs = append(programs, cmd)
				go func() { over <- cmd.Wait() }()
			}
			suite.Until(t, "a migration begins", func() bool { return d.steps(t) > before || len(over) > 0 })
			<-time.After(rand.N(20 * time.Millisecond))
			for _, cmd := range programs {
				_ = cmd.Process.Kill() // it may be through
			}
			through := 0
			for range programs {
				if err := <-over; err == nil {
					through++
				}
			}
			steps = append(steps, d.steps(t))
			if through > 0 {
				break
			}
		}
		if said, err := d.migrate(t.Context()); err != nil {
			t.Fatalf("after the killed ones: %v\n%s", err, said)
		}
		d.migratedOnce(t)
		t.Logf("programs were killed with so many steps done: %v; all of it took %v", steps, time.Since(began).Round(time.Millisecond))
		if len(steps) < 2 {
			t.Error("no program was killed in the middle")
		}
	}
}

// steps is how many steps are done, the queue's own among them.
func (d *database) steps(t *testing.T) int {
	t.Helper()
	n := 0
	for _, table := range []string{"platform.goose_db_version", "river.river_migration"} {
		if d.count(t, `SELECT count(*) FROM pg_class WHERE oid = to_regclass($1)`, table) > 0 {
			n += d.count(t, `SELECT count(*) FROM `+table)
		}
	}
	return n
}

// R18: nodes that are started beside the migration say what is missing or serve; none of them changes the schema.
func TestNodesBesideAMigrationServeOrSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := &site{database: emptyDatabase(t, shared), t: t, key: newKey()}
	if _, err := s.database.migrate(t.Context()); err != nil { // the roles are there, as in an installation that is updated
		t.Fatal(err)
	}
	s.exec(t, `DELETE FROM platform.goose_db_version WHERE version_id = (SELECT max(version_id) FROM platform.goose_db_version)`)
	var nodes []*node
	for range 3 {
		nodes = append(nodes, s.launch())
	}
	for _, n := range nodes {
		if n.comesUp() {
			t.Error("a node serves on an older schema")
		} else if said := n.said.String(); !strings.Contains(said, "run roster migrate") {
			t.Errorf("a node on an older schema said %q", said)
		}
	}
}

// migratedOnce is the oracle: every step of the sources stands in the version table, once.
func (d *database) migratedOnce(t *testing.T) {
	t.Helper()
	files, err := fs.Glob(os.DirFS("../../db/migrations"), "*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	want := map[string]int{"5": 1} // River's, in Go
	for _, file := range files {
		var version int
		if _, err := fmt.Sscanf(file, "%05d_", &version); err != nil {
			t.Fatal(err)
		}
		want[fmt.Sprint(version)] = 1
	}
	got := map[string]int{}
	for _, version := range all[int64](t, d, `SELECT version_id FROM platform.goose_db_version WHERE is_applied AND version_id > 0`) {
		got[fmt.Sprint(version)]++
	}
	if !maps.Equal(got, want) {
		t.Errorf("steps done: %v, want %v", got, want)
	}
	river := all[int64](t, d, `SELECT version FROM river.river_migration ORDER BY version`)
	for i, version := range river {
		if version != int64(i+1) {
			t.Errorf("steps of the queue: %v", river)
		}
	}
	if d.count(t, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) != 0 {
		t.Error("a migrator's lock is left")
	}
}
