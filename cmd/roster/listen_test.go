package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"roster/internal/config"
)

// A start that cannot serve says in one line what to do, and has made nothing: no PostgreSQL, no queue that fails.
func TestABusyPortIsSaidBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address, data := taken.Addr().String(), t.TempDir()
	_, port, _ := net.SplitHostPort(address)
	status, out, log := typed(t, []string{"ROSTER_DEV=1", "ROSTER_LISTEN=" + address, "ROSTER_DATA=" + data}, "serve")
	if want := address + " is taken by another program. Set ROSTER_LISTEN to another address, like 127.0.0.1:" + portBeside(port) + ".\n"; status != 1 || out != "" || log != want {
		t.Errorf("%d %q %q, not %q", status, out, log, want)
	}
	if _, err := os.Lstat(filepath.Join(data, "postgres")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a PostgreSQL was made: %v", err)
	}
}

// Each reason not to listen is one sentence with a way out.
func TestWhyAnAddressCannotBeServedOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address, want string
		err           error
	}{
		{"192.0.2.1:8080", "192.0.2.1 is no address of this machine. Set ROSTER_LISTEN to one that is, like 127.0.0.1:8080.",
			&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)}},
		{"roster.invalid:8080", "There is no machine called roster.invalid. Set ROSTER_LISTEN to an address of this one, like 127.0.0.1:8080.",
			&net.OpError{Op: "listen", Err: &net.DNSError{Name: "roster.invalid", IsNotFound: true}}},
		{"[::]:80", "This account may not serve on port 80. Set ROSTER_LISTEN to a port from 1024, like [::]:8080, and let a proxy in front of it take port 80.",
			&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EACCES)}},
		{"[::1]:65535", "[::1]:65535 is taken by another program. Set ROSTER_LISTEN to another address, like [::1]:8081.",
			&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}},
	} {
		err := noListener(c.address, c.err)
		var wrong config.Complaints
		if !errors.As(err, &wrong) || strings.Join(wrong, "\n") != c.want {
			t.Errorf("%s: %v", c.address, err)
		}
	}
	if err := noListener("127.0.0.1:1", fmt.Errorf("odd")); err.Error() != "listen on 127.0.0.1:1 (ROSTER_LISTEN): odd" {
		t.Error(err)
	}
}
