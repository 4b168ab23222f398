package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// turns stands between a server and PostgreSQL and counts how often the server speaks after it was answered:
// the round trips of the real program, whatever its statements are.
type turns struct {
	dir    string
	listen net.Listener
	total  atomic.Int64
	open   sync.WaitGroup
}

// socketName is the file that a PostgreSQL address with a folder and port 5432 leads to.
const socketName = ".s.PGSQL.5432"

// countTurns listens in a folder of its own and passes everything on to the socket of the server of address.
func countTurns(ctx context.Context, address string) (*turns, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	to := filepath.Join(u.Query().Get("host"), socketName)
	t := &turns{}
	if t.dir, err = os.MkdirTemp("", "roster-bench-"); err != nil { // a socket's path is short
		return nil, err
	}
	if t.listen, err = net.Listen("unix", filepath.Join(t.dir, socketName)); err != nil {
		return nil, err
	}
	go func() {
		for {
			server, err := t.listen.Accept()
			if err != nil {
				return // closed
			}
			database, err := (&net.Dialer{}).DialContext(ctx, "unix", to)
			if err != nil {
				server.Close()
				continue
			}
			t.pass(server, database)
		}
	}()
	return t, nil
}

// pass copies both ways. What the server says first after an answer begins a turn.
func (t *turns) pass(server, database net.Conn) {
	var answered atomic.Bool
	answered.Store(true)
	relay := func(from, to net.Conn, each func()) {
		buffer := make([]byte, 64<<10)
		for {
			n, err := from.Read(buffer)
			if n > 0 {
				each()
				if _, failed := to.Write(buffer[:n]); failed != nil {
					err = failed
				}
			}
			if err != nil {
				from.Close()
				to.Close()
				return
			}
		}
	}
	t.open.Go(func() {
		relay(server, database, func() {
			if answered.Swap(false) {
				t.total.Add(1)
			}
		})
	})
	t.open.Go(func() { relay(database, server, func() { answered.Store(true) }) })
}

// through is an address by way of this proxy.
func (t *turns) through(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	query := u.Query()
	u.RawQuery = "host=" + url.QueryEscape(t.dir) + "&port=" + query.Get("port")
	return u.String()
}

func (t *turns) close() {
	t.listen.Close()
	t.open.Wait()
	os.RemoveAll(t.dir)
}

// turnsOf are the turns of a page and of a change, as the median of some. Letters and health, which come when
// they want, go past the proxy.
func (b *bench) turnsOf(ctx context.Context) error {
	at := b.at(changes)
	proxy, err := countTurns(ctx, at.app)
	if err != nil {
		return err
	}
	defer proxy.close()
	at.app, at.auth = proxy.through(at.app), proxy.through(at.auth)
	p, err := b.serve(ctx, rosterProgram, at)
	if err != nil {
		return err
	}
	defer p.stop()
	owner, err := logIn(ctx, p.address, mara)
	if err != nil {
		return err
	}
	people, err := b.changeable(ctx)
	if err != nil {
		return err
	}
	for _, one := range []struct {
		figure string
		limit  limit
		do     act
	}{
		{"SQL round trips of the members page", limit{3, 2}, func(ctx context.Context, _, _ int) (*answer, error) {
			return owner.must(ctx, http.StatusOK, "/orgs/"+acme+"/members", nil)
		}},
		{"SQL round trips of a role change", limit{5, 3}, func(ctx context.Context, _, n int) (*answer, error) {
			return changeRole(ctx, owner, people[0], n) // to and fro: every time is a change
		}},
	} {
		var counted []float64
		for n := range 40 {
			before := proxy.total.Load()
			if _, err := one.do(ctx, 0, n); err != nil {
				return fmt.Errorf("%s: %w", one.figure, err)
			}
			if n >= 20 { // by then every statement is known to the connection that is used
				counted = append(counted, float64(proxy.total.Load()-before))
			}
		}
		b.table.add(row{figure: one.figure, unit: count, value: median(counted), limit: &one.limit,
			note: "turns between server and PostgreSQL, counted by a proxy on the wire, statements already prepared"})
	}
	return nil
}
