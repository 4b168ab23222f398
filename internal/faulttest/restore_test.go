package faulttest

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"roster/internal/mail/mailtest"
	"roster/internal/suite"
	"roster/views/paths"
)

// backup is what pg_dump writes of an installation's database.
func (s *site) backup(format string) string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "roster.dump")
	if said, err := s.tool("pg_dump", "--format="+format, "--file="+file, s.url(s.server.Superuser(), s.name)); err != nil {
		s.t.Fatalf("pg_dump: %v\n%s", err, said)
	}
	return file
}

// tool runs one of PostgreSQL's own programs.
func (p *postgres) tool(name string, args ...string) (string, error) {
	said, err := exec.Command(p.server.Program(name), args...).CombinedOutput()
	return string(said), err
}

// roster runs a command of the program beside the nodes, and answers with what it said and its exit status.
func (s *site) roster(args ...string) (string, int) {
	s.t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Env = append(s.database.environ(), "PATH="+os.Getenv("PATH"), raceOptions, "ROSTER_URL="+public, "ROSTER_KEY="+s.key)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = &said, &said, tied()
	_ = cmd.Run() // how it ended is in ProcessState
	return said.String(), cmd.ProcessState.ExitCode()
}

// elsewhere is the same installation on another database.
func (s *site) elsewhere(t *testing.T, d *database) *site {
	moved := *s
	moved.t, moved.database = t, d
	return &moved
}

// logIn logs the person in, again if the site is busy.
func (p *person) logIn() {
	p.site.t.Helper()
	suite.Until(p.site.t, p.name+" is logged in", func() bool {
		page, err := p.get(paths.LogIn)
		if err != nil || page.status != http.StatusOK {
			return false
		}
		marks, found := hidden(page.body, paths.LogIn)
		if !found {
			return false
		}
		a, err := p.post(paths.LogIn, with(marks, "email", p.email, "password", password))
		return err == nil && a.status == http.StatusSeeOther
	})
}

// lettersTo counts the letters that an address got.
func (s *site) lettersTo(address string) int {
	n := 0
	for _, m := range s.letters.All() {
		if m.To == address {
			n++
		}
	}
	return n
}

var joinLink = regexp.MustCompile(regexp.QuoteMeta(paths.JoinStart) + `[A-Za-z0-9_.-]{20,}`)

// I52 I157 R27: a database that was restored from a backup, whichever way, is noticed at start and under a running
// node; once that is settled, no session, link, form or letter from before is good any more, and those who look after
// an organization are told.
func TestARestoredBackupRevivesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, startPostgres(t, nil))
	n := s.start()
	ann, dan, eve, noor := s.signUp(n, "Ann Owner"), s.signUp(n, "Dan Removed"), s.signUp(n, "Eve Reset"), s.visitor(n, "Noor Newcomer")
	ann.found("acme")
	s.mature("acme")
	dan.join(ann, "acme")

	// What is under way when the backup is made.
	ask := func(p *person) string {
		v := s.visitor(n, p.name)
		v.mustPost(http.StatusOK, paths.Forgot, v.form(paths.Forgot, paths.Forgot, "email", p.email))
		for {
			if letter := s.letters.Wait(t, p.email); letter.Link(paths.ResetStart) != "" {
				return path(t, letter, paths.ResetStart)
			}
		}
	}
	unused, used := ask(ann), ask(eve)
	noor.mustPost(http.StatusOK, paths.SignUp, noor.form(paths.SignUp, paths.SignUp, "name", noor.name, "email", noor.email, "password", password))
	confirm := path(t, s.letters.Wait(t, noor.email), paths.Confirm)
	ann.invite("acme", "open@guest.example")
	open := path(t, s.letters.Wait(t, "open@guest.example"), paths.InvitesStart)
	revoked := ann.invite("acme", eve.email)
	shared := joinLink.FindString(ann.mustPost(http.StatusOK, paths.JoinLinks("acme"), ann.form(paths.JoinLinks("acme"), paths.JoinLinks("acme"), "role", "member", "days", "7")).body)
	if shared == "" {
		t.Fatal("no share link was shown")
	}
	again := ann.form(paths.Invitations("acme"), paths.Invitations("acme"), "emails", "form@guest.example", "role", "member", "preview", "no")
	ann.mustPost(http.StatusSeeOther, paths.Invitations("acme"), again)
	s.letters.Wait(t, "form@guest.example")
	s.letters.Set(mailtest.Busy)
	ann.invite("acme", "late@guest.example")
	suite.Until(t, "a letter waits", func() bool {
		return s.count(t, `SELECT count(*) FROM river.river_job WHERE state IN ('retryable', 'scheduled') AND args -> 'data' ->> 'To' = 'late@guest.example'`) == 1
	})
	org, annID := one[uuid.UUID](t, s.database, `SELECT id FROM roster.organizations WHERE slug = 'acme'`), one[uuid.UUID](t, s.database, `SELECT id FROM roster.users WHERE email = $1`, ann.email)
	job := uuid.New()
	s.exec(t, `INSERT INTO roster.jobs (org_id, id, kind, started_by, state, total) VALUES ($1, $2, 'members.suspend', $3, 'running', 1)`, org, job, annID)
	s.exec(t, `INSERT INTO river.river_job (kind, args, max_attempts, queue, state, scheduled_at) VALUES ('work', jsonb_build_object('org_id', $1::text, 'job', $2::text), 25, 'work', 'scheduled', now() + interval '1 hour')`, org.String(), job.String())
	dump, plain := s.backup("custom"), s.backup("plain")

	// What was done after it.
	s.letters.Set(mailtest.Normal)
	s.exec(t, `UPDATE river.river_job SET state = 'available', scheduled_at = now() WHERE state IN ('retryable', 'scheduled') AND kind = 'letter'`)
	s.letters.Wait(t, "late@guest.example")
	remove := paths.Remove("acme", dan.membership("acme"))
	ann.mustPost(http.StatusSeeOther, remove, ann.form(remove, remove))
	ann.mustPost(http.StatusSeeOther, paths.Revoke("acme", revoked), ann.form(paths.Invitation("acme", revoked), paths.Revoke("acme", revoked)))
	eve.mustPost(http.StatusSeeOther, used, eve.form(used, used, "password", "another room with nine lamps"))
	if got := s.lettersTo("late@guest.example"); got != 1 {
		t.Fatalf("the letter that waited was sent %d times", got)
	}

	// R27: a role that row security binds cannot make a backup, of a part or of all.
	if said, err := s.tool("pg_dump", "--format=custom", "--file="+filepath.Join(t.TempDir(), "app.dump"), s.url("roster_app", s.name)); err == nil {
		t.Errorf("roster_app makes a backup: %s", said)
	}

	// dead is what every way of restoring has to come to.
	dead := func(t *testing.T, s *site) {
		n := s.start()
		old, dan, eve := ann.copyOf(), dan.copyOf(), eve.copyOf()
		for _, p := range []*person{old, dan, eve} {
			p.site = s
			p.at(n)
		}
		letters := len(s.letters.All())
		for _, p := range []*person{old, dan} {
			if a := p.mustGet(http.StatusSeeOther, paths.Members("acme")); !strings.HasPrefix(a.location(), paths.LogIn) {
				t.Errorf("the session of %s from before leads to %s", p.name, a.location())
			}
		}
		for name, link := range map[string]string{"unused reset": unused, "used reset": used, "sign-up": confirm} {
			if a := eve.mustGet(http.StatusNotFound, link); !strings.Contains(words(a.body), "ask for a new link") {
				t.Errorf("the link of before (%s) says: %s", name, words(a.body))
			}
			if a, err := eve.post(link, url.Values{"password": {"a third room with two lamps"}}); err != nil || a.status < 400 {
				t.Errorf("the link of before (%s) is used: %d %v", name, a.status, err)
			}
		}
		if a := eve.mustGet(http.StatusOK, open); !strings.Contains(words(a.body), "was open until") || strings.Contains(a.body, paths.Accept(strings.TrimPrefix(open, paths.InvitesStart))) {
			t.Errorf("the invitation's link of before says: %s", words(a.body))
		}
		if a := eve.mustGet(http.StatusOK, shared); !strings.Contains(words(a.body), "worked until") {
			t.Errorf("the share link of before says: %s", words(a.body))
		}

		// Whoever logs in finds what the backup knew, and is told so.
		eve.logIn()
		if a, err := eve.post(paths.Accept(revoked), url.Values{}); err != nil || a.status < 400 {
			t.Errorf("an invitation that was revoked after the backup is accepted: %d %v", a.status, err)
		}
		old.logIn()
		if a := old.mustGet(http.StatusOK, paths.Members("acme")); !strings.Contains(a.body, dan.email) {
			t.Errorf("the members are not those of the backup: %s", words(a.body))
		}
		if a := old.mustGet(http.StatusOK, paths.Org("acme")); !strings.Contains(words(a.body), "was restored from a backup of") {
			t.Errorf("the overview does not tell: %s", words(a.body))
		}
		if state := one[string](t, s.database, `SELECT state FROM roster.jobs WHERE id = $1`, job); state != "failed" {
			t.Errorf("the job that was at work is %s", state)
		}
		// The form of before is judged anew: it finds an invitation that has expired, and asks for no memory.
		if n := s.count(t, `SELECT count(*) FROM roster.submissions`); n != 0 {
			t.Errorf("%d forms of before are remembered", n)
		}

		// A letter of now goes out, and by then none of before has.
		old.mustPost(http.StatusSeeOther, paths.Invitations("acme"), invitation("now@guest.example"))
		suite.Until(t, "a letter of now arrives", func() bool { return len(s.letters.All()) > letters })
		if after := s.letters.All()[letters:]; len(after) != 1 || after[0].To != "now@guest.example" {
			t.Errorf("letters after the restore: %+v", after)
		}
		if n := s.count(t, `SELECT count(*) FROM river.river_job WHERE state = 'cancelled' AND args ? 'sealed'`); n != 0 {
			t.Errorf("%d dropped letters keep their secret", n)
		}
		n.stop()
	}
	// refused is what a node says before the restore is settled; then it is settled.
	settle := func(t *testing.T, s *site) {
		refused := s.launch()
		if status := refused.end(); status != 1 || !strings.Contains(refused.said.String(), "run roster restored") {
			t.Errorf("a node on a restored database ends with %d and says %s", status, refused.said)
		}
		dir := t.TempDir()
		said, status := s.roster("restored", "--report", dir)
		if status != 0 {
			t.Fatalf("roster restored: %d\n%s", status, said)
		}
		for _, want := range []string{"1 share links", "1 jobs", "1 letters", "Acme (acme)", "Owner  Ann Owner <" + ann.email + ">", "and 1 other"} {
			if !strings.Contains(said, want) {
				t.Errorf("roster restored does not say %q:\n%s", want, said)
			}
		}
		files, err := filepath.Glob(filepath.Join(dir, "roster-restored-*.csv"))
		if err != nil || len(files) != 2 {
			t.Fatalf("the lists are %q, %v", files, err)
		}
		for i, want := range []string{"late@guest.example", dan.email} {
			if text, err := os.ReadFile(files[i]); err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%s: %v, does not name %s:\n%s", files[i], err, want, text)
			}
		}
		if said, status := s.roster("restored"); status != 1 || !strings.Contains(said, "--files") {
			t.Errorf("a second time roster restored ends with %d and says %s", status, said)
		}
	}

	t.Run("into a new database", func(t *testing.T) {
		to := emptyDatabase(t, s.postgres)
		to.roles = s.roles
		moved := s.elsewhere(t, to)
		if said, err := moved.tool("pg_restore", "--exit-on-error", "--dbname="+moved.url(moved.server.Superuser(), moved.name), dump); err != nil {
			t.Fatalf("pg_restore: %v\n%s", err, said)
		}
		if said, err := moved.migrate(t.Context()); err != nil {
			t.Fatalf("roster migrate: %v\n%s", err, said)
		}
		settle(t, moved)
		dead(t, moved)
	})
	t.Run("into a new server, as text", func(t *testing.T) {
		other := startPostgres(t, nil)
		roles, err := s.tool("pg_dumpall", "--roles-only", "--dbname="+s.url(s.server.Superuser(), "postgres"))
		if err != nil {
			t.Fatalf("pg_dumpall: %v\n%s", err, roles)
		}
		file := filepath.Join(t.TempDir(), "roles.sql")
		if err := os.WriteFile(file, []byte(roles), 0o600); err != nil {
			t.Fatal(err)
		}
		if said, err := other.tool("psql", "--no-psqlrc", "--quiet", "--file="+file, other.url(other.server.Superuser(), "postgres")); err != nil {
			t.Fatalf("the roles: %v\n%s", err, said)
		}
		to := emptyDatabase(t, other)
		to.roles = s.roles
		moved := s.elsewhere(t, to)
		if said, err := moved.tool("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file="+plain, moved.url(moved.server.Superuser(), moved.name)); err != nil {
			t.Fatalf("psql: %v\n%s", err, said)
		}
		settle(t, moved)
		dead(t, moved)
	})
	t.Run("under a running node", func(t *testing.T) {
		if said, err := s.tool("pg_restore", "--clean", "--if-exists", "--exit-on-error", "--single-transaction", "--dbname="+s.url(s.server.Superuser(), s.name), dump); err != nil {
			t.Fatalf("pg_restore: %v\n%s", err, said)
		}
		suite.Until(t, "the node says that it is not ready", func() bool { return !n.ready() })
		s.exec(t, `UPDATE river.river_job SET state = 'available', scheduled_at = now() WHERE state IN ('retryable', 'scheduled') AND kind = 'letter'`)
		suite.Until(t, "the node puts the letter of before off", func() bool {
			return s.count(t, `SELECT count(*) FROM river.river_job WHERE state = 'scheduled' AND kind = 'letter' AND scheduled_at > now() + interval '20 seconds'`) == 1
		})
		if a, err := ann.get(paths.Members("acme")); err != nil || a.status == http.StatusOK {
			t.Errorf("the session of before shows a page: %d %v", a.status, err)
		}
		if a, err := eve.get(unused); err != nil || a.status == http.StatusOK {
			t.Errorf("the link of before shows its form: %d %v", a.status, err)
		}
		settle(t, s.elsewhere(t, s.database))
		suite.Until(t, "the node is ready again", n.ready)
		n.stop()
		if got := s.lettersTo("late@guest.example"); got != 1 {
			t.Errorf("the letter of before was sent %d times", got)
		}
		dead(t, s.elsewhere(t, s.database))
	})
}
