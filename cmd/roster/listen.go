package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"roster/internal/config"
)

// listen opens the address to serve on, or takes the socket that was handed over. That one outlives this
// process: who connects while one node follows another waits in it, and is not refused.
//
// It comes before all else that a start does, so that a start that cannot succeed leaves nothing behind. Who connects
// until the site is served waits as well, for the moment that takes.
func listen(conf config.Config) (net.Listener, error) {
	if conf.Socket == 0 {
		listener, err := net.Listen("tcp", conf.Listen)
		if err != nil {
			return nil, noListener(conf.Listen, err)
		}
		return listener, nil
	}
	file := os.NewFile(conf.Socket, "socket")
	defer file.Close() // the listener has a copy, which no other program inherits
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, config.Complaints{fmt.Sprintf("LISTEN_FDS: what was handed over is no listening socket (%v)", err)}
	}
	return listener, nil
}

// noListener says why the address cannot be served on, and which could.
func noListener(address string, err error) error {
	host, port, _ := net.SplitHostPort(address) // config has checked it
	var unknown *net.DNSError
	var why string
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		why = fmt.Sprintf("%s is taken by another program. Set ROSTER_LISTEN to another address, like %s", address, net.JoinHostPort(host, portBeside(port)))
	case errors.Is(err, syscall.EACCES):
		why = fmt.Sprintf("this account may not serve on port %s. Set ROSTER_LISTEN to a port from 1024, like %s, and let a proxy in front of it take port %s",
			port, net.JoinHostPort(host, "8080"), port)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		why = fmt.Sprintf("%s is no address of this machine. Set ROSTER_LISTEN to one that is, like %s", host, net.JoinHostPort("127.0.0.1", port))
	case errors.As(err, &unknown):
		why = fmt.Sprintf("there is no machine called %s. Set ROSTER_LISTEN to an address of this one, like %s", host, net.JoinHostPort("127.0.0.1", port))
	default:
		return fmt.Errorf("listen on %s (ROSTER_LISTEN): %w", address, err)
	}
	return config.Complaints{capital(why) + "."}
}

// portBeside is the port to try instead.
func portBeside(port string) string {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 65535 {
		return "8081"
	}
	return strconv.FormatUint(n+1, 10)
}

// connections are those that somebody waits on: new ones, whose request is on its way, and those whose
// request is being answered. http.Server.Shutdown would hang up on the new ones.
type connections struct {
	mu   sync.Mutex
	busy map[net.Conn]struct{}
}

// note is told by the server how a connection is.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateNew || state == http.StateActive {
		c.busy[conn] = struct{}{}
	} else {
		delete(c.busy, conn)
	}
}

// wait returns when nobody waits any more, or the context ends.
func (c *connections) wait(ctx context.Context) {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		c.mu.Lock()
		n := len(c.busy)
		c.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}
