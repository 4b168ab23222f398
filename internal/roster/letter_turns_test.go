package roster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/mail/mailtest"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/views/email"
)

// manyAddresses are so many addresses at a host, as one types them.
func manyAddresses(n int, host string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("p%03d@%s", i, host)
	}
	return strings.Join(list, "\n")
}

// A09: letters take turns. Three hundred of one person wait, in two organizations, when somebody else invites one and
// asks for a new password: with a single worker the new password goes first, and the invitation after twenty of theirs.
func TestLettersTakeTurns(t *testing.T) {
	t.Parallel()
	w, server := rostertest.Empty(t), mailtest.Start(t)
	eve, noor := w.Person(t, "Eve Many", "eve@many.example"), w.Person(t, "Noor One", "noor@one.example")
	w.Found(t, eve, "Many", "many")
	w.Found(t, eve, "More", "more")
	w.Found(t, noor, "One", "one")
	for slug, n := range map[string]int{"many": 270, "more": 30} {
		if invited, err := w.Roster.Invite(t.Context(), w.As(t, eve, slug), roster.Invite{Addresses: manyAddresses(n, slug+".example"), Role: "member"}); err != nil || invited.Sent != n {
			t.Fatalf("%d were sent, %v", invited.Sent, err)
		}
	}
	w.Invite(t, noor, "one", "guest@one.example", role.Member)
	accounts, err := account.New(account.Config{DB: w.DB, Outbox: w.Outbox, Key: w.Key, Mails: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := accounts.Forgot(t.Context(), noor.Email, rostertest.Trace()); err != nil {
		t.Fatal(err)
	}

	smtp, err := mail.NewSMTP(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	worker, err := mail.NewWorker(mail.WorkerConfig{DB: w.DB.Jobs(), Sealer: w.Sealer, From: "Roster <no-reply@roster.example>", Base: rostertest.Base, Transport: smtp, Render: email.Render})
	if err != nil {
		t.Fatal(err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker)
	client, err := river.NewClient(riverpgxv5.New(w.DB.Jobs()), &river.Config{Schema: "river", Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}},
		ReindexerSchedule: river.NeverSchedule(), FetchCooldown: time.Millisecond, FetchPollInterval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	server.Wait(t, "guest@one.example")
	if err := client.StopAndCancel(context.Background()); err != nil {
		t.Error(err)
	}
	order := server.All()
	place := func(to string) int {
		for i, m := range order {
			if m.To == to {
				return i
			}
		}
		return -1
	}
	if door, guest := place(noor.Email), place("guest@one.example"); door != 0 || guest != 21 {
		t.Errorf("the new password's letter was number %d, the invitation's %d", door+1, guest+1)
	}
}
