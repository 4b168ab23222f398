package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roster/db/dbtest"
	"roster/db/prove"
)

// reports reads what a proof wrote into a directory.
func reports(t *testing.T, dir string) (text string, report prove.Report) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "roster-proof-"+time.Now().UTC().Format("2006-")+"*"))
	if err != nil || len(files) != 2 || !strings.HasSuffix(files[0], ".json") || !strings.HasSuffix(files[1], ".txt") {
		t.Fatalf("%v, %v", files, err)
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &report); err != nil {
		t.Fatal(err)
	}
	if raw, err = os.ReadFile(files[1]); err != nil {
		t.Fatal(err)
	}
	return string(raw), report
}

// I6 I7 X56
func TestProve(t *testing.T) {
	t.Parallel()
	t.Run("beside a running Roster", proveBesideARunningRoster)
	t.Run("on a broken database", proveSaysWhatIsBroken)
}

// Beside a Roster that serves its private server, the proof holds, says so, and disturbs nobody.
func proveBesideARunningRoster(t *testing.T) {
	address, dir := freeAddress(t), t.TempDir()
	data := t.TempDir()
	environ := []string{"ROSTER_DEV=1", "ROSTER_LISTEN=" + address, "ROSTER_DATA=" + data, "ROSTER_PG_BIN=" + os.Getenv("ROSTER_PG_BIN")}
	ctx, stop := context.WithCancel(context.Background())
	said, log := newListener(), newListener()
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve"}, environ, said, log) }()
	said.wait(t, "Roster is at ")
	if where := "\nIts data are in "; !strings.Contains(said.text(), where+filepath.Join(data, "postgres")+", in a PostgreSQL ") && !strings.Contains(said.text(), where+"/var/lib/roster/") {
		t.Errorf("it does not say where its data are: %q", said.text())
	}

	status, out, wrong := typed(t, environ, "prove", "--report", dir)
	if status != 0 || !strings.Contains(out, "Isolation held: none of ") || !strings.Contains(out, "\nWritten to "+dir) {
		t.Errorf("%d %.3000s %s", status, out, wrong)
	}
	text, report := reports(t, dir)
	if !strings.HasPrefix(out, text) || !report.Held() || report.Database != database || report.Program == "" || len(report.Roles) != 3 {
		t.Errorf("%.300s\n%d attacks in %q", text, len(report.Attacks), report.Database)
	}
	if got := get(t, "http://"+address+"/readyz"); got != "ready\n" {
		t.Errorf("afterwards the site says %q", got)
	}
	stop()
	if status := <-ended; status != 0 || strings.Contains(log.text(), "level=ERROR") {
		t.Errorf("%d %s", status, log.text())
	}
}

// A database whose isolation is broken is not proved, and the report says where, and by which role, also where the roles
// have names of their own.
func proveSaysWhatIsBroken(t *testing.T) {
	d, admin := dbtest.Own(t)
	environ := append(d.Environ(), "ROSTER_ADMIN_DATABASE_URL="+admin)
	if status, _, log := typed(t, environ, "migrate"); status != 0 {
		t.Fatal(log)
	}
	if _, err := d.Superuser(t).Exec(t.Context(), `ALTER POLICY org_isolation ON roster.invitation_blocks USING (true)`); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	status, out, log := typed(t, environ, "prove", "--report", dir)
	if status != 1 || !strings.Contains(log, "ISOLATION IS BROKEN") || !strings.Contains(out, "verbs / roster.invitation_blocks: SELECT *, as "+d.Roles().App()) {
		t.Errorf("%d %.2000s %s", status, out, log)
	}
	if text, report := reports(t, dir); report.Held() || !strings.Contains(text, "WHAT GOT THROUGH") {
		t.Errorf("%.500s", text)
	}
}

// What is missing is said before anything is attacked.
func TestProveNeedsADatabaseAndADirectory(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	whole := append(d.Environ(), "ROSTER_ADMIN_DATABASE_URL="+d.URL("roster_migrate"))
	for _, c := range []struct {
		environ []string
		args    []string
		status  int
		words   string
	}{
		{d.Environ(), nil, 1, "ROSTER_ADMIN_DATABASE_URL: set it"},
		{[]string{"ROSTER_ADMIN_DATABASE_URL=" + d.URL("roster_migrate")}, nil, 1, "ROSTER_DATABASE_URL: set it"},
		{whole, []string{"--report", "/nowhere/at/all"}, 1, "/nowhere/at/all is no directory"},
		{whole, []string{"--report"}, 2, "Type: roster prove [--report FOLDER]"},
		{whole, []string{"now"}, 2, "Type: roster prove [--report FOLDER]"},
	} {
		status, out, log := typed(t, c.environ, append([]string{"prove"}, c.args...)...)
		if status != c.status || out != "" || !strings.Contains(log, c.words) {
			t.Errorf("%v: %d %q %q", c.args, status, out, log)
		}
	}
}
