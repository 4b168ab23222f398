package db_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/db/dbtest"
	"roster/db/rosterdb"
)

// members counts the memberships that roster_app sees with a setting.
func members(t *testing.T, conn *pgx.Conn, setting string) (n int) {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), `SELECT set_config('roster.org_id', $1, true)`, setting); err != nil {
		t.Fatal(err)
	}
	if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM roster.memberships`).Scan(&n); err != nil {
		t.Fatalf("%q: %v", setting, err)
	}
	return n
}

// I1 I3 X59: where contexts are signed, whoever can run any statement as roster_app enters only what was signed for them.
func TestOnlyASignedContextEnters(t *testing.T) {
	t.Parallel()
	d := dbtest.Signed(t)
	acme, other := twoOrganizations(t, d)
	conn := d.As(t, "roster_app")
	key, soon := dbtest.Key(), time.Now().Add(time.Minute)
	good := db.SignContext(key, acme, soon)
	if n := members(t, conn, good); n != 2 {
		t.Fatalf("the signed context shows %d members, want 2", n)
	}
	flip := func(at int) string {
		b := []byte(good)
		if b[at]++; b[at] == 'g' || b[at] == ':' {
			b[at] = '0'
		}
		return string(b)
	}
	for name, setting := range map[string]string{
		"nothing":                    "",
		"a bare id":                  acme.String(),
		"an old one":                 db.SignContext(key, acme, time.Now().Add(-time.Minute)),
		"another key":                db.SignContext(bytes.Repeat([]byte("x"), 64), acme, soon),
		"another organization":       strings.Replace(good, acme.String(), other.String(), 1),
		"a later expiry":             flip(45),
		"another name of the key":    flip(50),
		"another first digit":        flip(57),
		"another last digit":         flip(120),
		"capitals":                   strings.ToUpper(good),
		"cut off":                    good[:len(good)-1],
		"more":                       good + "0",
		"no hexadecimal":             good[:57] + strings.Repeat("z", 64),
		"as long, and nothing of it": strings.Repeat("-", 121),
		"letters of two bytes":       strings.Repeat("é", 121),
	} {
		if n := members(t, conn, setting); n != 0 {
			t.Errorf("%s shows %d members", name, n)
		}
	}

	opened := d.Open(t)
	var rows []rosterdb.ListOwnersRow
	rows, err := opened.Read(acme).ListOwners(t.Context(), acme)
	if err != nil || len(rows) != 1 {
		t.Errorf("the program sees %d owners, %v", len(rows), err)
	}
}

// I3: the keys lie where none of the roles that connect can read them.
func TestContextKeysAreReadByNobody(t *testing.T) {
	t.Parallel()
	d := dbtest.Signed(t)
	for _, role := range []string{"roster_app", "roster_auth", "roster_worker", "roster_migrate"} {
		if _, err := d.As(t, role).Exec(t.Context(), `SELECT * FROM keyring.context_keys`); db.Constraint(err) != "42501" {
			t.Errorf("%s reads the keys: %v", role, err)
		}
	}
}

// A new key is added while nodes still sign with the one before; the third one ends the first.
func TestContextKeysRotate(t *testing.T) {
	t.Parallel()
	d := dbtest.Signed(t)
	acme, _ := twoOrganizations(t, d)
	conn := d.As(t, "roster_app")
	keys := [][]byte{dbtest.Key(), bytes.Repeat([]byte("2"), 64), bytes.Repeat([]byte("3"), 64)}
	for newest, want := range [][]int{{2, 0, 0}, {2, 2, 0}, {0, 2, 2}} {
		for range 2 { // migrating again with the same key pushes none out
			if err := db.Migrate(t.Context(), d.URL("roster_migrate"), keys[newest]); err != nil {
				t.Fatal(err)
			}
		}
		for i, key := range keys {
			if n := members(t, conn, db.SignContext(key, acme, time.Now().Add(time.Minute))); n != want[i] {
				t.Errorf("with %d keys added, the one at %d shows %d members, want %d", newest+1, i, n, want[i])
			}
		}
	}
}

// C157 I6: a program whose contexts enter nothing does not start, and says what to do.
func TestOpenRefusesAnotherKindOfContext(t *testing.T) {
	t.Parallel()
	signed, plain := dbtest.Signed(t), dbtest.New(t)
	if err := db.Migrate(t.Context(), plain.URL("roster_migrate"), nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		d    *dbtest.Database
		key  []byte
		says string
	}{
		{"signed, the program does not sign", signed, nil, "set ROSTER_SIGNED_CONTEXT=1"},
		{"signed, another key", signed, bytes.Repeat([]byte("x"), 64), "with the same ROSTER_KEY"},
		{"bare, the program signs", plain, dbtest.Key(), "run roster migrate with ROSTER_SIGNED_CONTEXT=1"},
	} {
		config := c.d.Config()
		config.ContextKey = c.key
		opened, err := db.Open(t.Context(), config)
		if err == nil {
			opened.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	// And back: what believed signed contexts believes bare ones again.
	acme, _ := twoOrganizations(t, signed)
	if err := db.Migrate(t.Context(), signed.URL("roster_migrate"), nil); err != nil {
		t.Fatal(err)
	}
	if n := members(t, signed.As(t, "roster_app"), acme.String()); n != 2 {
		t.Errorf("the bare id shows %d members again, want 2", n)
	}
}

// R24: where the database gives way to another transaction, the work is done again, and nobody sees it.
func TestWhatGaveWayIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, other := twoOrganizations(t, d)
	opened := d.Open(t)
	for code, want := range map[string]int{"40001": 3, "40P01": 3, "23505": 1} {
		runs := 0
		err := opened.InOrg(t.Context(), acme, func(q *rosterdb.Queries) error {
			runs++
			if err := q.InsertSubmission(t.Context(), rosterdb.InsertSubmissionParams{OrgID: acme, UserID: other, Submission: uuid.New(), Outcome: []byte(`{}`)}); err != nil {
				return err
			}
			if _, err := q.ListOwners(t.Context(), acme); err != nil {
				return err
			}
			return pgErrorOf(t, d, code)
		})
		if runs != want || db.Constraint(err) != code {
			t.Errorf("%s: %d runs, %v", code, runs, err)
		}
	}
	var left int
	if err := d.Superuser(t).QueryRow(t.Context(), `SELECT count(*) FROM roster.submissions WHERE user_id = $1`, other).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d rows are left of what was undone, %v", left, err)
	}
}

// pgErrorOf is an error as the database itself reports it.
func pgErrorOf(t *testing.T, d *dbtest.Database, code string) error {
	t.Helper()
	_, err := d.As(t, "roster_app").Exec(t.Context(), `DO $$ BEGIN RAISE EXCEPTION 'made for the test' USING ERRCODE = '`+code+`'; END $$`)
	if err == nil {
		t.Fatal("no error was raised")
	}
	return err
}
