package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"roster/internal/roster"
)

// R12 C025: a file that cannot be written to its end does not look like a whole one, compressed or not; before its first
// byte an error is an ordinary answer.
func TestAPartIsNotTheWhole(t *testing.T) {
	t.Parallel()
	s, logged := newTestServer(t, nil)
	begun := true
	s.get("/test/part", s.public(func(c echo.Context) error {
		d := s.newDownload(c, "acme-members", roster.CSV)
		defer d.giveBack()
		if begun {
			_, _ = io.WriteString(d, strings.Repeat("Ann,ann@acme.example\r\n", 5000))
			_ = d.Flush()
		}
		return d.end(s, errors.New("the database is gone"))
	}))
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	for _, encoding := range []string{"identity", "gzip"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/test/part", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "roster.example"
		r.Header.Set("Accept-Encoding", encoding)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != 200 || len(got) == 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: status %d, %d bytes, %v", encoding, answer.StatusCode, len(got), err)
		}
	}
	server.Close() // what it still writes into the log is written
	if !strings.Contains(logged.String(), "a file was broken off") {
		t.Error("nothing is in the log")
	}
	begun = false
	if w := ask(s, "GET", "/test/part", ""); w.Code != 500 || w.Header().Get("Content-Disposition") != "" || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("before the first byte: status %d, %v", w.Code, w.Header())
	}
}

// clocked is an answer whose deadlines are remembered.
type clocked struct {
	*httptest.ResponseRecorder
	write, read []time.Time
}

func (c *clocked) SetWriteDeadline(at time.Time) error { c.write = append(c.write, at); return nil }
func (c *clocked) SetReadDeadline(at time.Time) error  { c.read = append(c.read, at); return nil }

// R12: each part of a file has time of its own, so that a long one is not cut off, and who reads nothing is hung up on.
func TestAFileTakesAsLongAsItIsRead(t *testing.T) {
	t.Parallel()
	s, _ := newTestServer(t, nil)
	s.get("/test/long", s.public(func(c echo.Context) error {
		ctx, cancel := unhurried(c)
		defer cancel()
		if _, has := ctx.Deadline(); has {
			t.Error("the budget of a page holds for a file")
		}
		d := s.newDownload(c, "acme-members", roster.JSON)
		defer d.giveBack()
		for range 3 {
			_, _ = io.WriteString(d, strings.Repeat("x", 100<<10))
			_ = d.Flush()
		}
		return d.end(s, nil)
	}))
	began := time.Now()
	w := &clocked{ResponseRecorder: httptest.NewRecorder()}
	s.Handler().ServeHTTP(w, request("GET", "/test/long", "", "Accept-Encoding", "identity"))
	if len(w.write) < 3 || w.write[0].Before(began.Add(patience)) || w.write[len(w.write)-1].After(time.Now().Add(patience)) {
		t.Errorf("deadlines %v, begun %v", w.write, began)
	}
	if len(w.read) != 1 || !w.read[0].IsZero() {
		t.Errorf("the request is waited for until %v", w.read)
	}
}
