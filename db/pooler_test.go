package db_test

import (
	"io"
	"net"
	"net/url"
	"testing"

	"roster/db"
	"roster/db/dbtest"
)

// forward passes bytes on to a socket, as a load balancer of TCP does, and answers with its own address.
func forward(t *testing.T, socket string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", socket)
			if err != nil {
				client.Close()
				continue
			}
			pass := func(to, from net.Conn) {
				_, _ = io.Copy(to, from) // either end hangs up when it likes
				to.Close()
			}
			go pass(server, client)
			go pass(client, server)
		}
	}()
	return listener.Addr().String()
}

// B205: what only passes bytes on is no pooler, for pages and for jobs: statements keep their names there.
func TestForwarderIsNoPooler(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme, _ := twoOrganizations(t, d)
	through := func(address string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		u.Host = forward(t, u.Query().Get("host")+"/.s.PGSQL."+u.Query().Get("port"))
		u.RawQuery = "sslmode=disable"
		return u.String()
	}
	opened := d.Open(t, func(c *db.Config) { c.App, c.Auth, c.Worker = through(c.App), through(c.Auth), through(c.Worker) })
	if opened.Pooled() {
		t.Error("a forwarder is taken for a pooler")
	}
	if _, err := opened.Read(acme).ListOwners(t.Context(), acme); err != nil {
		t.Error(err)
	}
	var named int
	if err := opened.Jobs().QueryRow(t.Context(), `SELECT count(*) FROM pg_prepared_statements WHERE name <> ''`).Scan(&named); err != nil || named == 0 {
		t.Errorf("%d statements have a name, %v", named, err)
	}
}
