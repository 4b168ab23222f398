//go:build faults

package faulttest

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"roster/internal/privatepg"
	"roster/internal/suite"
	"roster/views/paths"
)

// R6: the disk under PostgreSQL is full. What writes is refused with 503, what reads goes on; when there is room
// again, all goes on by itself, and nothing that was acknowledged is lost.
func TestFullDiskRefusesChangesAndShowsPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, startOnDisks(t))
	n := s.start()
	ann, cem := s.signUp(n, "Ann Owner"), s.signUp(n, "Cem Member")
	ann.found("beta")
	ann.found("acme")
	cem.join(ann, "acme")
	s.mature("acme")
	// Tables that are as full as their files, so that the next row needs room.
	s.exec(t, `UPDATE auth.sessions SET last_seen_at = now() - interval '10 minutes'`)
	s.exec(t, `UPDATE roster.memberships SET last_active_at = NULL`)
	for _, table := range []string{"auth.sessions", "roster.memberships", "roster.organizations", "roster.invitations", "roster.membership_roles"} {
		s.exec(t, `VACUUM FULL `+table)
	}
	d := drive(t, ann, "acme", 3, cem)
	d.progress(5)

	disk := fill(t, filepath.Dir(s.server.Data))
	suite.Until(t, "a change is refused for want of room", func() bool { return strings.Contains(n.said.String(), "SQLSTATE 53100") })
	refused := func() int { return d.tally()[http.StatusServiceUnavailable] }
	had := refused()
	suite.Until(t, "changes are refused", func() bool { return refused() > had+10 })
	for _, page := range []string{paths.Orgs, paths.Org("acme"), paths.Org("beta"), paths.Members("acme"), paths.Invitations("acme"), paths.Appearance} {
		if a, err := ann.get(page); err != nil || a.status != http.StatusOK {
			t.Errorf("on a full disk %s answers %d (%v): %.200s", page, a.status, err, words(a.body))
		}
	}
	cem.mustGet(http.StatusOK, paths.Members("acme"))
	if !n.ready() {
		t.Error("the node is not ready, though it serves pages")
	}
	disk.empty(t)
	if took := d.progress(5); took > 10*time.Second {
		t.Errorf("changes are taken again after %v", took)
	}
	d.halt()
	d.onlyKinds(http.StatusSeeOther, http.StatusServiceUnavailable)
	for _, one := range d.tries() {
		if said := heading(one.body); one.status == http.StatusServiceUnavailable && said != "Nothing can be changed at the moment" && !crowded(one.body) {
			t.Errorf("a change is refused with %q", said)
		}
	}
	d.judge(s)
	s.signUp(n, "Eve Late") // letters leave again

	// The journal's disk is another matter: without it PostgreSQL ends, by design. Whoever runs it starts it again.
	again := drive(t, ann, "acme", 3, cem)
	again.progress(5)
	journal := s.journal(t)
	disk = fill(t, journal)
	if conn, err := pgx.Connect(t.Context(), s.url(s.server.Superuser(), s.name)); err == nil {
		_, _ = conn.Exec(t.Context(), `SELECT pg_switch_wal()`) // to the next file, for which there is no room: it may die of that
		_ = conn.Close(t.Context())
	}
	suite.Until(t, "PostgreSQL ends", func() bool {
		select {
		case <-s.server.Done():
			return true
		default:
			return !n.ready()
		}
	})
	if a, err := ann.get(paths.Org("acme")); err != nil || a.status != http.StatusServiceUnavailable && a.status != http.StatusOK {
		t.Errorf("without a journal a page answers %d (%v)", a.status, err)
	}
	disk.empty(t)
	select {
	case <-s.server.Done():
		_ = s.server.Stop() // it says that the server ended badly, and lets go of the directory
		s.database.start(t)
	case <-time.After(5 * time.Second): // it has recovered by itself
	}
	if took := again.progress(5); took > 15*time.Second {
		t.Errorf("changes are taken again after %v", took)
	}
	again.halt()
	again.onlyKinds(http.StatusSeeOther, http.StatusServiceUnavailable)
	again.judge(s)
	n.stop()
}

const (
	dataSize    = "160m"
	journalSize = "96m"
	filler      = "filler"
)

// startOnDisks starts a server whose data and whose journal have a small disk each.
func startOnDisks(t *testing.T) *postgres {
	t.Helper()
	dir := mount(t, "data", dataSize)
	p := &postgres{dir: dir, options: privatepg.Options{Dir: dir, Fast: true, Parameters: map[string]string{"max_connections": "60", "synchronous_commit": "on",
		"full_page_writes": "on", "max_wal_size": "32MB", "wal_recycle": "off", "shared_buffers": "16MB"}}}
	if err := p.up(); err != nil {
		t.Fatal(err)
	}
	if err := p.server.Stop(); err != nil {
		t.Fatal(err)
	}
	journal := filepath.Join(mount(t, "journal", journalSize), "pg_wal")
	inside := filepath.Join(p.server.Data, "pg_wal")
	move(t, inside, journal)
	if err := os.Symlink(journal, inside); err != nil {
		t.Fatal(err)
	}
	if err := p.up(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

// journal is the directory on whose disk the journal is.
func (p *postgres) journal(t *testing.T) string {
	t.Helper()
	target, err := os.Readlink(filepath.Join(p.server.Data, "pg_wal"))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(target)
}

// mount makes a small disk in memory.
func mount(t *testing.T, name, size string) string {
	t.Helper()
	dir, err := os.MkdirTemp(workplace, name+"-")
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0711,size="+size); err != nil {
		t.Fatalf("this test needs a small disk of its own, and cannot mount one: run it as root on Linux, where tmpfs can be mounted (%v)", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// move takes a directory with its files to another disk; they stay whose they are.
func move(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.Walk(from, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		at := to + strings.TrimPrefix(path, from)
		if info.IsDir() {
			err = os.Mkdir(at, info.Mode().Perm())
		} else {
			var content []byte
			if content, err = os.ReadFile(path); err == nil {
				err = os.WriteFile(at, content, info.Mode().Perm())
			}
		}
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		return os.Lchown(at, int(owner.Uid), int(owner.Gid))
	})
	if err == nil {
		err = os.RemoveAll(from)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// full is a disk without room.
type full struct {
	file string
	stop context.CancelFunc
	over chan struct{}
}

// fill leaves no room on a disk, and keeps it so: what is deleted is filled again, until empty.
func fill(t *testing.T, dir string) *full {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	f := &full{filepath.Join(dir, "filler"), stop, make(chan struct{})}
	is := make(chan struct{})
	t.Cleanup(func() { stop(); <-f.over })
	go func() {
		defer close(f.over)
		file, err := os.Create(f.file)
		if err != nil {
			t.Error(err)
			return
		}
		defer file.Close()
		chunk := make([]byte, 64<<10)
		for told := false; ctx.Err() == nil; {
			_, err := file.Write(chunk)
			switch {
			case err == nil:
			case !errors.Is(err, syscall.ENOSPC):
				t.Error(err)
				return
			case len(chunk) > 1:
				chunk = chunk[:len(chunk)/16]
			default:
				if !told {
					close(is)
					told = true
				}
				pause(ctx.Done(), 5*time.Millisecond)
			}
		}
	}()
	select {
	case <-is:
	case <-f.over:
		t.Fatal("the disk could not be filled")
	case <-time.After(30 * time.Second):
		t.Fatal("the disk is not full after half a minute")
	}
	return f
}

// empty gives the room back.
func (f *full) empty(t *testing.T) {
	t.Helper()
	f.stop()
	<-f.over
	if err := os.Remove(f.file); err != nil {
		t.Fatal(err)
	}
}
