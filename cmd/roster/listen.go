package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"roster/internal/config"
)

// listen opens the address to serve on, or takes the socket that was handed over. That one outlives this
// process: who connects while one node follows another waits in it, and is not refused.
func listen(conf config.Config) (net.Listener, error) {
	if conf.Socket == 0 {
		listener, err := net.Listen("tcp", conf.Listen)
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", conf.Listen, err)
		}
		return listener, nil
	}
	file := os.NewFile(conf.Socket, "socket")
	defer file.Close() // the listener has a copy, which no other program inherits
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("listen on the socket that was handed over: %w", err)
	}
	return listener, nil
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
