package db_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"roster/db"
	"roster/internal/privatepg"
)

// Whoever starts Roster and reaches no database reads one sentence: where, by which variable, why, and never the
// password.
func TestUnreachedSaysWhy(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "roster-reach-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL may run as another user than the tests
		t.Fatal(err)
	}
	hba := filepath.Join(dir, "hba.conf")
	if err := os.WriteFile(hba, []byte("local all keyed scram-sha-256\nlocal all outcast reject\nlocal all all trust\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	server, err := privatepg.Start(t.Context(), privatepg.Options{Dir: dir, Fast: true, Parameters: map[string]string{"hba_file": hba}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	admin, err := pgx.Connect(t.Context(), server.URL(server.Superuser(), "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"CREATE ROLE keyed LOGIN PASSWORD 'right'", "CREATE ROLE outcast LOGIN", "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0", "CREATE ROLE plain LOGIN",
		"CREATE DATABASE closed", "REVOKE ALL ON DATABASE closed FROM PUBLIC"} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	admin.Close(t.Context())
	socket := server.URL("", "")
	at := func(role, database string) string { return server.URL(role, database) }
	const secret = "s3cretw0rd"
	keyed := strings.Replace(at("keyed", "postgres"), "keyed@", "keyed:"+secret+"@", 1)

	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.Addr().String()
	free.Close()
	plain, err := net.Listen("tcp", "127.0.0.1:0") // as a server without TLS answers whoever asks for it
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	go func() {
		for {
			conn, err := plain.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(conn, make([]byte, 8)) // whoever hangs up is answered all the same
			_, _ = conn.Write([]byte("N"))
			conn.Close()
		}
	}()

	for _, c := range []struct{ url, words string }{
		{"postgres://roster_app:" + secret + "@" + nobody + "/roster", "cannot reach PostgreSQL at " + nobody + " (ROSTER_DATABASE_URL): connection refused"},
		{"postgres://roster_app:" + secret + "@" + nobody + "/roster?sslmode=require", "cannot reach PostgreSQL at " + nobody + " (ROSTER_DATABASE_URL): connection refused"},
		{"postgres://roster_app:" + secret + "@" + plain.Addr().String() + "/roster?sslmode=require", "offers no encryption, and ROSTER_DATABASE_URL asks for it"},
		{"postgres://roster_app:" + secret + "#/%@host/roster", "ROSTER_DATABASE_URL cannot be read: write it as"},
		{"postgres://roster_app:" + secret + "@h/roster?sslmode=perhaps", "ROSTER_DATABASE_URL cannot be read: write it as"},
		{"postgres://roster_app:" + secret + "@h/roster?sslmode=verify-full&sslrootcert=/nowhere/ca.pem", "/nowhere/ca.pem: no such file"},
		{strings.Replace(socket, "host=", "host=%2Fnowhere", 1), "cannot reach PostgreSQL at the socket in /nowhere"},
		{keyed, "refuses the password of keyed (ROSTER_DATABASE_URL)"},
		{at("outcast", "postgres"), "does not let outcast in (ROSTER_DATABASE_URL)"},
		{at("stranger", "postgres"), "has no role stranger (ROSTER_DATABASE_URL): run roster migrate"},
		{at("plain", "missing"), `has no database "missing" (ROSTER_DATABASE_URL): make it with CREATE DATABASE missing ENCODING 'UTF8'`},
		{at("plain", "closed"), `does not let plain into database "closed" (ROSTER_DATABASE_URL): run roster migrate`},
		{at("crowded", "postgres"), "has no connection free for crowded (ROSTER_DATABASE_URL)"},
	} {
		opened, err := db.Open(t.Context(), db.Config{App: c.url, Auth: c.url})
		if err == nil {
			opened.Close()
			t.Errorf("%s: it opens", c.words)
			continue
		}
		if said := err.Error(); !strings.Contains(said, c.words) || strings.Contains(said, secret) || strings.Contains(said, "\n") {
			t.Errorf("%q, want a sentence with %q", said, c.words)
		}
	}
	const words = "plain may not become roster_owner (ROSTER_ADMIN_DATABASE_URL)"
	if err := db.Migrate(t.Context(), at("plain", "postgres"), nil); err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%v, want a sentence with %q", err, words)
	}
}
