package roster_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/suite"
)

// C061 C169: who is changed is told when Undo is over, once, of what is true then; of what was undone nobody hears, nor of
// what was to be kept from them, nor of what they did themselves.
func TestNewsAreOfWhatIsTrueInTheEnd(t *testing.T) {
	t.Parallel()
	do := func(name string, want []string, act func(w *rostertest.World, cem string) error) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := rostertest.New(t)
			if err := act(w, w.Membership(t, w.Cem, acme)); err != nil {
				t.Fatal(err)
			}
			early := w.Count(t, `SELECT count(*) FROM river.river_job WHERE kind = 'news' AND (state <> 'scheduled' OR scheduled_at NOT BETWEEN now() + interval '9 minutes' AND now() + interval '10 minutes')`)
			if early != 0 || len(lettersAboutRoles(t, w)) != 0 {
				t.Errorf("%d news do not wait, and %q is told already", early, lettersAboutRoles(t, w))
			}
			tellNews(t, w)
			if told := lettersAboutRoles(t, w); !slices.Equal(told, want) {
				t.Errorf("told %q, want %q", told, want)
			}
		})
	}
	ctx := t.Context()
	turn := func(w *rostertest.World, cem string, roles ...role.Role) (undo string, err error) {
		for _, to := range roles {
			change, err := w.Roster.ChangeRole(ctx, w.As(t, w.Ann, acme), cem, to)
			if err != nil {
				return "", err
			}
			undo = change.Undo
		}
		return undo, nil
	}
	undo := func(w *rostertest.World, change string) error {
		_, err := w.Roster.Undo(ctx, w.As(t, w.Ann, acme), change)
		return err
	}
	remove := func(w *rostertest.World, cem string, tell bool) (string, error) {
		change, err := w.Roster.Remove(ctx, w.As(t, w.Ann, acme), cem, roster.Removal{Tell: tell})
		return change.Undo, err
	}

	do("one change", []string{"role_changed Member Viewer"}, func(w *rostertest.World, cem string) error { _, err := turn(w, cem, role.Viewer); return err })
	do("several changes", []string{"role_changed Member Admin"}, func(w *rostertest.World, cem string) error {
		_, err := turn(w, cem, role.Viewer, role.Guest, role.Admin)
		return err
	})
	do("there and back", nil, func(w *rostertest.World, cem string) error {
		_, err := turn(w, cem, role.Viewer, role.Member)
		return err
	})
	do("undone", nil, func(w *rostertest.World, cem string) error {
		change, err := turn(w, cem, role.Viewer)
		if err != nil {
			return err
		}
		return undo(w, change)
	})
	do("the last of two undone", []string{"role_changed Member Viewer"}, func(w *rostertest.World, cem string) error {
		change, err := turn(w, cem, role.Viewer, role.Guest)
		if err != nil {
			return err
		}
		return undo(w, change)
	})
	do("in silence", nil, func(w *rostertest.World, cem string) error {
		_, err := w.Roster.ChangeRoleQuietly(ctx, w.As(t, w.Ann, acme), cem, role.Viewer)
		return err
	})
	do("removed", []string{"removed"}, func(w *rostertest.World, cem string) error { _, err := remove(w, cem, true); return err })
	do("given a role, then removed", []string{"removed"}, func(w *rostertest.World, cem string) error {
		if _, err := turn(w, cem, role.Viewer); err != nil {
			return err
		}
		_, err := remove(w, cem, true)
		return err
	})
	do("removed in silence", nil, func(w *rostertest.World, cem string) error { _, err := remove(w, cem, false); return err })
	do("removed, and back", nil, func(w *rostertest.World, cem string) error {
		change, err := remove(w, cem, true)
		if err != nil {
			return err
		}
		return undo(w, change)
	})
	do("given a role, removed, and back", []string{"role_changed Member Viewer"}, func(w *rostertest.World, cem string) error {
		if _, err := turn(w, cem, role.Viewer); err != nil {
			return err
		}
		change, err := remove(w, cem, true)
		if err != nil {
			return err
		}
		return undo(w, change)
	})
	do("by themselves", nil, func(w *rostertest.World, _ string) error {
		_, err := w.Roster.ChangeRole(ctx, w.As(t, w.Ben, acme), w.Membership(t, w.Ben, acme), role.Viewer)
		return err
	})

	t.Run("one by one", func(t *testing.T) {
		t.Parallel()
		w := rostertest.New(t)
		cem := w.Membership(t, w.Cem, acme)
		for _, to := range []role.Role{role.Viewer, role.Guest} {
			if _, err := turn(w, cem, to); err != nil {
				t.Fatal(err)
			}
			tellNews(t, w)
			w.SQL(t, `UPDATE roster.audit_events SET at = at - interval '11 minutes'`)
		}
		if told := lettersAboutRoles(t, w); !slices.Equal(told, []string{"role_changed Member Viewer", "role_changed Viewer Guest"}) {
			t.Errorf("told %q", told)
		}
	})
}

// lettersAboutRoles are the letters that wait, in their order.
func lettersAboutRoles(t *testing.T, w *rostertest.World) (told []string) {
	t.Helper()
	rows, err := w.Database.Superuser(t).Query(t.Context(), `SELECT args FROM river.river_job WHERE args->>'letter' IN ('role_changed', 'removed') ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var args struct {
			Letter string
			Data   struct{ To, From, Role string }
		}
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &args); err != nil {
			t.Fatal(err)
		}
		told = append(told, strings.TrimSpace(args.Letter+" "+args.Data.From+" "+args.Data.Role))
	}
	return told
}

// tellNews has a worker tell the news that wait, as if they had come due.
func tellNews(t *testing.T, w *rostertest.World) {
	t.Helper()
	w.SQL(t, `UPDATE river.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'news' AND state = 'scheduled'`)
	workers := river.NewWorkers()
	river.AddWorker(workers, roster.NewNewsWorker(w.Roster))
	client, err := river.NewClient(riverpgxv5.New(w.DB.Jobs()), &river.Config{Schema: "river", Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}},
		Logger: slog.New(slog.DiscardHandler), ReindexerSchedule: river.NeverSchedule(), FetchCooldown: time.Millisecond, FetchPollInterval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	late := suite.Late(t)
	for w.Count(t, `SELECT count(*) FROM river.river_job WHERE kind = 'news' AND state <> 'completed'`) > 0 {
		select {
		case <-late:
			t.Fatal("the news are not told")
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := client.StopAndCancel(context.Background()); err != nil {
		t.Error(err)
	}
}
