//go:build faults

package faulttest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"roster/views/paths"
)

// R13, I104: what no page of ours sends is refused by its size and its kind, before it is kept, unpacked or taken
// apart, and before anybody asks who sent it. The memory of the node stays what it was.
func TestHugeAndNestedBodiesAreRefusedUnread(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	n := s.start()
	ann := s.signUp(n, "Ann Owner")
	ann.found("acme")
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(z, zeros{}, 50<<20); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	const form = "Content-Type: application/x-www-form-urlencoded\r\n"
	fields := strings.Repeat("a=1&", 1_000_000)
	head := func(method, path, headers string) string {
		return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: roster.example\r\nSec-Fetch-Site: same-origin\r\n%s\r\n", method, path, headers)
	}
	whole := func(method, path, headers, body string) string {
		return head(method, path, fmt.Sprintf("%sContent-Length: %d\r\n", headers, len(body))) + body
	}
	attacks := []struct {
		name    string
		request string
		endless bool // chunks of zeros follow for as long as they are taken
		status  []int
	}{
		{"endless zeros to log in", head("POST", paths.LogIn, form+"Transfer-Encoding: chunked\r\n"), true, []int{413}},
		{"endless zeros put", head("PUT", paths.Home, "Transfer-Encoding: chunked\r\n"), true, []int{413}},
		{"endless zeros at an unknown address", head("POST", "/upload", form+"Transfer-Encoding: chunked\r\n"), true, []int{413}},
		{"endless zeros to an organization", head("POST", paths.Invitations("acme"), form+"Transfer-Encoding: chunked\r\n"), true, []int{413}},
		{"endless zeros to health", head("POST", paths.Live, "Transfer-Encoding: chunked\r\n"), true, []int{405}},
		{"endless zeros with a page", head("GET", paths.LogIn, "Transfer-Encoding: chunked\r\n"), true, []int{200}},
		{"a terabyte announced", head("POST", paths.LogIn, form+"Content-Length: 1099511627776\r\n"), false, []int{413}},
		{"a million fields announced", head("POST", paths.LogIn, form+fmt.Sprintf("Content-Length: %d\r\n", len(fields))), false, []int{413}},
		{"a million fields", whole("POST", paths.LogIn, form, fields), false, []int{413}},
		{"all fields that fit", whole("POST", paths.LogIn, form, fields[:64<<10]), false, []int{413}},
		{"a million fields in the address", head("GET", paths.LogIn+"?"+fields, ""), false, []int{431}},
		{"deep JSON", whole("POST", paths.LogIn, "Content-Type: application/json\r\n", strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), false, []int{413, 415}},
		{"deep JSON that fits", whole("POST", paths.LogIn, "Content-Type: application/json\r\n", strings.Repeat("[", 30_000)+strings.Repeat("]", 30_000)), false, []int{415}},
		{"a gzip bomb", whole("POST", paths.LogIn, form+"Content-Encoding: gzip\r\n", bomb.String()), false, []int{415}},
		{"a gzip bomb by chunks", head("POST", paths.LogIn, form+"Content-Encoding: gzip\r\nTransfer-Encoding: gzip, chunked\r\n"), false, []int{400, 501}},
		{"a multipart bomb", whole("POST", paths.LogIn, "Content-Type: multipart/form-data; boundary=x\r\n", strings.Repeat("--x\r\n\r\n\r\n", 6000)), false, []int{415}},
		{"a header of a megabyte", head("GET", paths.LogIn, "Cookie: "+strings.Repeat("a", 1<<20)+"\r\n"), false, []int{431}},
		{"many headers", head("GET", paths.LogIn, strings.Repeat("A: b\r\n", 100_000)), false, []int{431}},
	}

	before := n.memory()
	const together = 10
	var wait sync.WaitGroup
	for _, a := range attacks {
		for range together {
			wait.Go(func() {
				status, err := n.throw(a.request, a.endless)
				if err != nil {
					t.Errorf("%s: %v", a.name, err)
					return
				}
				for _, good := range a.status {
					if status == good {
						return
					}
				}
				t.Errorf("%s is answered %d, not %v", a.name, status, a.status)
			})
		}
	}
	wait.Wait()
	limit := 50 << 20
	if raced() {
		limit *= 8 // the detector remembers what was touched
	}
	if grown := n.peak() - before; grown > limit {
		t.Errorf("the node grew by %d MiB", grown>>20)
	} else {
		t.Logf("%d attacks: the node grew by %d MiB at most", together*len(attacks), grown>>20)
	}
	ann.mustGet(http.StatusOK, paths.Members("acme"))
}

// throw sends a request as it stands, chunks of zeros after it if it is endless, and answers with the status. It is
// an error if the node goes on listening to what is endless.
func (n *node) throw(request string, endless bool) (int, error) {
	conn, err := net.Dial("tcp", n.address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(40 * time.Second)); err != nil {
		return 0, err
	}
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(conn, request)
		chunk := "4000\r\n" + strings.Repeat("\x00", 0x4000) + "\r\n"
		for total := 0; endless && err == nil; total += len(chunk) {
			if total > 64<<20 {
				err = errors.New("64 MiB were taken")
				break
			}
			_, err = io.WriteString(conn, chunk)
		}
		if endless && err != nil && strings.Contains(err.Error(), "were taken") {
			sent <- err
			return
		}
		sent <- nil // that it hangs up on us is what we want
	}()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	answer.Body.Close()
	if endless {
		if err := <-sent; err != nil {
			return 0, err
		}
	}
	return answer.StatusCode, nil
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
