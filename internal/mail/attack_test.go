package mail_test

import (
	"net"
	"runtime"
	"strings"
	"testing"

	"roster/internal/mail"
)

// I104: a list that is all commas takes no more work than any other of its length. Not parallel: it counts what is
// allocated.
func TestAListOfCommasIsReadOnce(t *testing.T) {
	list := strings.Repeat("a,", 32<<10)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	found := mail.ParseList(list)
	runtime.ReadMemStats(&after)
	if len(found) != 32<<10 {
		t.Errorf("%d pieces found", len(found))
	}
	if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 100 {
		t.Errorf("64 KiB took %d MiB", mib)
	}
	if found := mail.ParseList("Palmer, Ruth <ruth@acme.example>"); len(found) != 1 || found[0].Name != "Palmer, Ruth" {
		t.Errorf("%+v", found)
	}
}

// I104: a mail server, or whoever stands in its place before anything is encrypted, cannot fill the memory with an answer
// that does not end.
func TestAnEndlessAnswerIsBrokenOff(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	said := make(chan int, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			said <- 0
			return
		}
		defer conn.Close()
		line, n := []byte(strings.Repeat("220-welcome\r\n", 1000)), 0
		for n < 1<<30 {
			more, err := conn.Write(line)
			if n += more; err != nil {
				break
			}
		}
		said <- n
	}()
	transport, err := mail.NewSMTP("smtp://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	err = transport.Send(t.Context(), mail.Message{From: "no-reply@roster.example", To: "mara@acme.example", Raw: []byte("Subject: x\r\n\r\nx\r\n")})
	if err == nil || !strings.Contains(err.Error(), "has no end") {
		t.Errorf("the conversation ended with: %v", err)
	}
	if n := <-said; n > 64<<20 { // what is on the way is not read
		t.Errorf("%d MiB were taken", n>>20)
	}
}
