package roster_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"roster/db"
	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/suite"
)

// sending is one form for one method: who sends it, and what comes back of it.
type sending func(a roster.Actor) (any, error)

// sendings are a form for each method that changes something in an organization, each with things of its own that
// nobody has touched yet. Ann sends it, or whoever is named.
var sendings = map[string]func(t *testing.T, w *rostertest.World) (account.Person, sending){
	"ChangeRole": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		mem := w.Membership(t, w.Cem, acme)
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.ChangeRole(t.Context(), a, mem, role.Viewer) }
	},
	"ChangeRoleQuietly": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		mem := w.Membership(t, w.Cem, acme)
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.ChangeRoleQuietly(t.Context(), a, mem, role.Viewer) }
	},
	"ChangeRole of oneself": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		mem := w.Membership(t, w.Ben, acme)
		return w.Ben, func(a roster.Actor) (any, error) { return w.Roster.ChangeRole(t.Context(), a, mem, role.Guest) }
	},
	"Suspend": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		mem := w.Membership(t, w.Cem, acme)
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.Suspend(t.Context(), a, mem) }
	},
	"Reactivate": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		mem := w.Membership(t, w.Cem, acme)
		if _, err := w.Roster.Suspend(t.Context(), w.As(t, w.Ann, acme), mem); err != nil {
			t.Fatal(err)
		}
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.Reactivate(t.Context(), a, mem) }
	},
	"Remove": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		mem := w.Membership(t, w.Ben, acme)
		w.Invite(t, w.Ben, acme, "new@elsewhere.example", role.Viewer)
		return w.Ann, func(a roster.Actor) (any, error) {
			return w.Roster.Remove(t.Context(), a, mem, roster.Removal{Tell: true, RevokeInvitations: true})
		}
	},
	"Leave": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		return w.Cem, func(a roster.Actor) (any, error) { return nil, w.Roster.Leave(t.Context(), a) }
	},
	"Undo of a role": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		done, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, w.Cem, acme), role.Viewer)
		if err != nil {
			t.Fatal(err)
		}
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.Undo(t.Context(), a, done.Undo) }
	},
	"Undo of a removal": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		done, err := w.Roster.Remove(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, w.Cem, acme), roster.Removal{Tell: true})
		if err != nil {
			t.Fatal(err)
		}
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.Undo(t.Context(), a, done.Undo) }
	},
	"Undo of a revocation": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		_, undo, err := w.Roster.Revoke(t.Context(), w.As(t, w.Ann, acme), w.Invite(t, w.Ann, acme, "new@elsewhere.example", role.Viewer))
		if err != nil {
			t.Fatal(err)
		}
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.Undo(t.Context(), a, undo) }
	},
	"UndoJob": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		job, _ := changed(t, w, 2)
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.UndoJob(t.Context(), a, publicid.Job.Of(job)) }
	},
	"StartExport": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		return w.Ann, func(a roster.Actor) (any, error) {
			return w.Roster.StartExport(t.Context(), a, roster.List{Role: role.Member}, roster.CSV)
		}
	},
	"StopJob": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		job, _ := changed(t, w, 1)
		return w.Ann, func(a roster.Actor) (any, error) { return nil, w.Roster.StopJob(t.Context(), a, publicid.Job.Of(job)) }
	},
	"ChangeMany": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		chosen := tick(t, w, w.Ben, w.Cem, w.Vic, w.Ann)
		return w.Ann, func(a roster.Actor) (any, error) {
			job, err := w.Roster.ChangeMany(t.Context(), a, chosen, roster.Act{Do: roster.ManyRemove}, 4)
			return []any{job.ID, job.Done, job.Skipped}, err
		}
	},
	"Invite": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		return w.Ann, func(a roster.Actor) (any, error) {
			return w.Roster.Invite(t.Context(), a, roster.Invite{Addresses: "one@elsewhere.example two@elsewhere.example ben@acme.example", Role: "member"})
		}
	},
	"ReadImport": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		return w.Ann, func(a roster.Actor) (any, error) {
			return w.Roster.ReadImport(t.Context(), a, roster.ImportFile{Name: "people.csv", Data: []byte("one@elsewhere.example\nno-address"), Role: "member", Days: 7})
		}
	},
	"ReadColumns": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		id := draft(t, w, w.Ann, "one@elsewhere.example,Ann\nno-address,Bo")
		return w.Ann, func(a roster.Actor) (any, error) {
			return w.Roster.ReadColumns(t.Context(), a, id, 0, map[int]string{0: "email", 1: "name"})
		}
	},
	"CheckImport": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		id := draft(t, w, w.Ann, "one@elsewhere.example\nno-address")
		return w.Ann, func(a roster.Actor) (any, error) {
			return w.Roster.CheckImport(t.Context(), a, id, []roster.ImportFix{{N: 2, Email: "two@elsewhere.example"}}, "", "")
		}
	},
	"SendImport": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		id := draft(t, w, w.Ann, "one@elsewhere.example\nno-address")
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.SendImport(t.Context(), a, id, 1, nil) }
	},
	"SendAgain": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		inv := old(t, w)
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.SendAgain(t.Context(), a, inv) }
	},
	"Correct": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		inv := old(t, w)
		return w.Ann, func(a roster.Actor) (any, error) {
			corrected, link, err := w.Roster.Correct(t.Context(), a, inv, "right@elsewhere.example")
			return []any{corrected, link}, err
		}
	},
	"ChangeTogether to send": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		ids := []string{old(t, w), w.Invite(t, w.Ann, acme, "new@elsewhere.example", role.Viewer)}
		return w.Ann, func(a roster.Actor) (any, error) {
			return w.Roster.ChangeTogether(t.Context(), a, roster.Together{Act: roster.TogetherSend, IDs: ids})
		}
	},
	"ChangeTogether to revoke all": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		old(t, w)
		w.Invite(t, w.Ann, acme, "new@elsewhere.example", role.Viewer)
		return w.Ann, func(a roster.Actor) (any, error) {
			return w.Roster.ChangeTogether(t.Context(), a, roster.Together{Act: roster.TogetherRevoke, All: true, Seen: 2})
		}
	},
	"ChangeTogether as a job": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		w.SQL(t, waitingSQL, w.Ann.ID, 60)
		return w.Ann, func(a roster.Actor) (any, error) {
			started, err := w.Roster.ChangeTogether(t.Context(), a, roster.Together{Act: roster.TogetherRevoke, All: true, Seen: 60})
			return started.Job != "", err
		}
	},
	"Undo of what was revoked together": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		done, err := w.Roster.ChangeTogether(t.Context(), w.As(t, w.Ann, acme), roster.Together{Act: roster.TogetherRevoke, IDs: []string{old(t, w)}})
		if err != nil {
			t.Fatal(err)
		}
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.Undo(t.Context(), a, done.Undo) }
	},
	"MakeLink": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		inv := old(t, w)
		return w.Ann, func(a roster.Actor) (any, error) {
			invitation, _, err := w.Roster.MakeLink(t.Context(), a, inv)
			return invitation, err
		}
	},
	"ChangeInvitationRole": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		inv := old(t, w)
		return w.Ann, func(a roster.Actor) (any, error) {
			invitation, undo, err := w.Roster.ChangeInvitationRole(t.Context(), a, inv, role.Admin)
			return []any{invitation, undo}, err
		}
	},
	"Revoke": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		inv := old(t, w)
		return w.Ann, func(a roster.Actor) (any, error) {
			invitation, undo, err := w.Roster.Revoke(t.Context(), a, inv)
			return []any{invitation, undo}, err
		}
	},
	"MakeJoinLink": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		return w.Ann, func(a roster.Actor) (any, error) {
			link, _, err := w.Roster.MakeJoinLink(t.Context(), a, roster.NewJoinLink{Role: "member", Days: "7"})
			return link, err
		}
	},
	"ResetJoinLink": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		link, _ := share(t, w, roster.NewJoinLink{})
		return w.Ben, func(a roster.Actor) (any, error) {
			reset, _, err := w.Roster.ResetJoinLink(t.Context(), a, link.ID)
			return reset, err
		}
	},
	"WithdrawJoinLink": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		link, _ := share(t, w, roster.NewJoinLink{})
		return w.Ann, func(a roster.Actor) (any, error) { return w.Roster.WithdrawJoinLink(t.Context(), a, link.ID) }
	},
	"AcceptRequest": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		_, token := share(t, w, roster.NewJoinLink{NeedsApproval: true})
		request := asked(t, w, w.Zoe, token)
		return w.Ann, func(a roster.Actor) (any, error) {
			return w.Roster.AcceptRequest(t.Context(), a, request.ID, role.Viewer)
		}
	},
	"AcceptRequest to invite": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		request := askedToInvite(t, w)
		return w.Ann, func(a roster.Actor) (any, error) {
			return w.Roster.AcceptRequest(t.Context(), a, request.ID, role.Viewer)
		}
	},
	"DeclineRequest": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		request := askedToInvite(t, w)
		return w.Ann, func(a roster.Actor) (any, error) {
			return w.Roster.DeclineRequest(t.Context(), a, request.ID, "Not now.")
		}
	},
	"AskToInvite": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		return w.Cem, func(a roster.Actor) (any, error) {
			return w.Roster.AskToInvite(t.Context(), a, "lin@elsewhere.example", "From the depot.")
		}
	},
	"WithdrawAsk": func(t *testing.T, w *rostertest.World) (account.Person, sending) {
		request := askedToInvite(t, w)
		return w.Cem, func(a roster.Actor) (any, error) { return nil, w.Roster.WithdrawAsk(t.Context(), a, request.ID) }
	},
}

// askedToInvite is what Cem asks for.
func askedToInvite(t *testing.T, w *rostertest.World) roster.Request {
	t.Helper()
	cem := w.As(t, w.Cem, acme)
	if _, err := w.Roster.AskToInvite(t.Context(), cem, "lin@elsewhere.example", ""); err != nil {
		t.Fatal(err)
	}
	mine, err := w.Roster.MyAsks(t.Context(), cem)
	if err != nil {
		t.Fatal(err)
	}
	return mine[0]
}

// looks are the methods that change nothing for an actor.
var looks = map[string]bool{"Members": true, "Member": true, "Invitations": true, "Invitation": true, "Overview": true, "Owners": true, "CameBefore": true, "Job": true, "Judge": true,
	"Matching": true, "Export": true, "Exportable": true, "ExportedFile": true, "Download": true, "Import": true, "ImportColumns": true, "ImportProblems": true, "JudgeTogether": true,
	"JoinLinks": true, "JoinLink": true, "Requests": true, "Request": true, "MyAsks": true, "InvitedBy": true}

// R30: no method that changes something stands outside of this law.
func TestEveryChangeHasAForm(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	for name := range sendings {
		name, _, _ = strings.Cut(name, " ")
		have[name] = true
	}
	methods := reflect.TypeFor[*roster.Roster]()
	for i := range methods.NumMethod() {
		m := methods.Method(i)
		if m.Type.NumIn() > 2 && m.Type.In(2) == reflect.TypeFor[roster.Actor]() && !looks[m.Name] && !have[m.Name] {
			t.Errorf("%s changes something, and nothing shows that it does so once", m.Name)
		}
	}
}

// old is an open invitation that was sent long enough ago to be sent again.
func old(t *testing.T, w *rostertest.World) string {
	t.Helper()
	inv := w.Invite(t, w.Ann, acme, "old@elsewhere.example", role.Viewer)
	id, _ := publicid.Invitation.Parse(inv)
	w.SQL(t, "UPDATE roster.invitations SET sent_at = sent_at - interval '1 hour' WHERE id = $1", id)
	return inv
}

// waitingSQL makes so many open invitations of somebody in Acme.
const waitingSQL = `INSERT INTO roster.invitations (org_id, id, email, email_norm, roles, invited_by, created_at, sent_at, life, expires_at, delivery)
	SELECT o.id, gen_random_uuid(), 'p' || n || '@many.example', 'p' || n || '@many.example', '{member}', $1, now() - n * interval '1 second', now() - interval '1 hour', '7 days',
	       now() + n * interval '1 minute', 'sent' FROM roster.organizations o, generate_series(1, $2::integer) n WHERE o.slug = 'acme'`

// effect is what an organization's log, letters, invitations and members come to.
func effect(t *testing.T, w *rostertest.World) string {
	t.Helper()
	count := func(sql string) int { return w.Count(t, sql) }
	return fmt.Sprintf("%d entries, %d letters, %d open of %d invitations with %d links, %d of %d members, versions %d, %d forms, %d share links with %d tokens, %d open of %d requests, %d jobs of which %d are to stop",
		count("SELECT count(*) FROM roster.audit_events"), count("SELECT count(*) FROM river.river_job"),
		count("SELECT count(*) FROM roster.invitations WHERE state = 'open'"), count("SELECT count(*) FROM roster.invitations"), count("SELECT count(*) FROM roster.invitation_tokens"),
		count("SELECT count(*) FROM roster.memberships WHERE status = 'active'"), count("SELECT count(*) FROM roster.memberships"),
		count("SELECT sum(version)::bigint FROM (SELECT version FROM roster.memberships UNION ALL SELECT version FROM roster.invitations UNION ALL SELECT version FROM roster.join_links) v"), count("SELECT count(*) FROM roster.submissions"),
		count("SELECT count(*) FROM roster.join_links"), count("SELECT count(*) FROM roster.join_link_tokens"),
		count("SELECT count(*) FROM roster.join_requests WHERE state = 'open'"), count("SELECT count(*) FROM roster.join_requests"),
		count("SELECT count(*) FROM roster.jobs"), count("SELECT count(*) FROM roster.jobs WHERE stop_asked"))
}

func spelled(t *testing.T, outcome any, err error) string {
	t.Helper()
	if err != nil {
		return "error: " + err.Error()
	}
	text, err := json.Marshal(outcome)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// roomy is a world with connections for everybody who comes at once: what is looked at here is not how they wait for one.
func roomy(c *db.Config) { c.MaxConns = 10 }

// R30: a form that is sent twice, or ten times at once, is done once, and everybody hears the same.
func TestAFormSentAgainIsDoneOnce(t *testing.T) {
	t.Parallel()
	for name, prepare := range sendings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := rostertest.New(t)
			who, send := prepare(t, w)
			sent := uuid.New()
			a := w.Sending(t, who, acme, sent)
			before := effect(t, w)
			outcome, err := send(a)
			first := spelled(t, outcome, err)
			if err != nil {
				t.Fatal(first)
			}
			once := effect(t, w)
			if once == before {
				t.Fatalf("nothing was done: %s", once)
			}
			outcome, err = send(a) // past the gate already, as when two come at once
			if again := spelled(t, outcome, err); again != first {
				t.Errorf("again it hears\n\t%s, not\n\t%s", again, first)
			}
			if again := effect(t, w); again != once {
				t.Errorf("again: %s, not %s", again, once)
			}

			w = rostertest.New(t, roomy)
			who, send = prepare(t, w)
			a = w.Sending(t, who, acme, sent)
			heard := make([]string, 10)
			rostertest.Together(len(heard), func(i int) {
				var outcome any
				err := suite.Patiently(t, func() (err error) { outcome, err = send(a); return err })
				heard[i] = spelled(t, outcome, err)
			})
			for i, one := range heard {
				if one != heard[0] || strings.HasPrefix(one, "error") {
					t.Fatalf("number %d hears\n\t%s, number 0\n\t%s", i, one, heard[0])
				}
			}
			if together := effect(t, w); together != once {
				t.Errorf("at once: %s, alone: %s", together, once)
			}
		})
	}
}

// R30: a form that cannot be told from others is done each time it is sent; and the same change to and fro, by forms
// that can be told, works each time.
func TestFormsOfTheirOwnAreDoneEach(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	mem := w.Membership(t, w.Cem, acme)
	for _, form := range []func() uuid.UUID{uuid.New, func() uuid.UUID { return uuid.Nil }} {
		for i, to := range []role.Role{role.Viewer, role.Guest, role.Viewer, role.Guest} {
			done, err := w.Roster.ChangeRole(t.Context(), w.Sending(t, w.Ann, acme, form()), mem, to)
			if err != nil || !done.Changed || done.Row.Roles[0] != to {
				t.Errorf("change %d: %+v, %v", i, done, err)
			}
		}
	}
	if n := w.Count(t, "SELECT count(*) FROM roster.submissions WHERE id = $1", uuid.Nil); n != 0 {
		t.Errorf("%d forms are kept that cannot be told from others", n)
	}
}

// R30 I115: what became of a form is told to nobody else, and in no other organization.
func TestAFormIsOfOnePersonInOneOrganization(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Join(t, w.Zoe, rostertest.Other, w.Ann, role.Admin)
	sent := uuid.New()
	for _, c := range []struct {
		who  account.Person
		slug string
	}{{w.Ann, acme}, {w.Ben, acme}, {w.Ann, rostertest.Other}, {w.Zoe, rostertest.Other}} {
		invite := roster.Invite{Addresses: c.who.Name[:3] + "@" + c.slug + ".example.net", Role: "member"}
		for range 2 {
			invited, err := w.Roster.Invite(t.Context(), w.Sending(t, c.who, c.slug, sent), invite)
			if err != nil || invited.Sent != 1 || !strings.HasPrefix(invited.Verdicts[0].Email, c.who.Name[:3]) {
				t.Errorf("%s in %s: %+v, %v", c.who.Name, c.slug, invited, err)
			}
		}
	}
	if n := w.Count(t, "SELECT count(*) FROM roster.submissions WHERE id = $1", sent); n != 4 {
		t.Errorf("%d forms are kept, want 4", n)
	}
}

// R30: of a form that was refused nothing is kept. Sent again, it is judged anew.
func TestARefusedFormIsJudgedAnew(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	mem, sent := w.Membership(t, w.Ann, acme), uuid.New()
	_, err := w.Roster.ChangeRole(t.Context(), w.Sending(t, w.Ann, acme, sent), mem, role.Member)
	rostertest.Refused(t, err, fault.Conflict, "owner")
	w.Join(t, w.Ann, acme, w.Zoe, role.Owner)
	done, err := w.Roster.ChangeRole(t.Context(), w.Sending(t, w.Ann, acme, sent), mem, role.Member)
	if err != nil || !done.Changed {
		t.Errorf("%+v, %v", done, err)
	}

	// Nothing changed either: who is a viewer already is made one by the same form after they were something else.
	mem, sent = w.Membership(t, w.Vic, acme), uuid.New()
	for _, changed := range []bool{false, true} {
		done, err := w.Roster.ChangeRole(t.Context(), w.Sending(t, w.Ben, acme, sent), mem, role.Viewer)
		if err != nil || done.Changed != changed {
			t.Errorf("%+v, %v; want it changed: %v", done, err, changed)
		}
		if _, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ben, acme), mem, role.Guest); err != nil && !changed {
			t.Fatal(err)
		}
	}
}

// R30: a link is shown with the first answer alone, and is kept nowhere.
func TestALinkIsKeptWithNoForm(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	quiet := roster.New(w.DB, w.Outbox, false)
	inv, sent := old(t, w), uuid.New()
	var links []string
	for range 2 {
		_, link, err := w.Roster.MakeLink(t.Context(), w.Sending(t, w.Ann, acme, sent), inv)
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, link)
	}
	for range 2 {
		invited, err := quiet.Invite(t.Context(), w.Sending(t, w.Ben, acme, sent), roster.Invite{Addresses: "new@elsewhere.example", Role: "member"})
		if err != nil || invited.Sent != 1 {
			t.Fatalf("%+v, %v", invited, err)
		}
		links = append(links, invited.Verdicts[0].Link)
	}
	if links[0] == "" || links[1] != "" || links[2] == "" || links[3] != "" {
		t.Errorf("the links are %q", links)
	}
	for _, link := range links {
		if n := w.Count(t, "SELECT count(*) FROM roster.submissions WHERE outcome::text LIKE '%' || $1 || '%'", link); link != "" && n != 0 {
			t.Error("a link is kept with a form")
		}
	}
}

// R30: whoever joined and presses again hears that they joined, unless they are gone again.
func TestJoiningAgainByTheSameForm(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t, roomy)
	link := w.Link(t, w.Ann, acme, w.Invite(t, w.Ann, acme, w.Zoe.Email, role.Viewer))
	trace := rostertest.Trace()
	trace.Submission = uuid.New()
	heard := make([]string, 10)
	rostertest.Together(len(heard), func(i int) {
		var joined roster.Joined
		err := suite.Patiently(t, func() (err error) { joined, err = w.Roster.Join(t.Context(), w.Zoe, link, trace); return err })
		heard[i] = spelled(t, joined, err)
	})
	for i, one := range heard {
		if one != heard[0] || !strings.Contains(one, `"Already":false`) {
			t.Fatalf("number %d hears %s, number 0 %s", i, one, heard[0])
		}
	}
	if n := w.Count(t, "SELECT count(*) FROM roster.audit_events WHERE event = 'membership.joined' AND actor_id = $1 AND actor_kind = 'invitee'", w.Zoe.ID); n != 1 {
		t.Errorf("the log has %d entries", n)
	}
	if joined, err := w.Roster.Join(t.Context(), w.Zoe, link, rostertest.Trace()); err != nil || !joined.Already {
		t.Errorf("by another form: %+v, %v", joined, err)
	}
	if _, err := w.Roster.Remove(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, w.Zoe, acme), roster.Removal{}); err != nil {
		t.Fatal(err)
	}
	_, err := w.Roster.Join(t.Context(), w.Zoe, link, trace)
	rostertest.Refused(t, err, fault.Conflict, "has changed")
}

// R30: only a form that ended one's own membership is answered to somebody who is outside; who was removed hears of
// nothing that they did before.
func TestWhoIsGoneHearsOnlyThatTheyLeft(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	came := func(who account.Person, sent uuid.UUID) bool {
		t.Helper()
		trace := rostertest.Trace()
		trace.Submission = sent
		entry, err := w.Roster.Enter(t.Context(), who, acme, trace)
		rostertest.Refused(t, err, fault.LostAccess, "no longer")
		if len(entry.Actor.Roles()) != 0 || entry.Actor.May(role.OrganizationRead) {
			t.Errorf("%s may still do something", who.Name)
		}
		before, err := w.Roster.CameBefore(t.Context(), entry.Actor)
		if err != nil {
			t.Fatal(err)
		}
		return before
	}
	suspended, left := uuid.New(), uuid.New()
	if _, err := w.Roster.Suspend(t.Context(), w.Sending(t, w.Ben, acme, suspended), w.Membership(t, w.Gus, acme)); err != nil {
		t.Fatal(err)
	}
	if before, err := w.Roster.CameBefore(t.Context(), w.Sending(t, w.Ben, acme, suspended)); err != nil || before {
		t.Errorf("what was done to somebody else, inside: %v, %v", before, err)
	}
	if err := w.Roster.Leave(t.Context(), w.Sending(t, w.Ben, acme, left)); err != nil {
		t.Fatal(err)
	}
	for sent, want := range map[uuid.UUID]bool{suspended: false, left: true, uuid.New(): false, uuid.Nil: false} {
		if got := came(w.Ben, sent); got != want {
			t.Errorf("form %s came before: %v, want %v", sent, got, want)
		}
	}
	if _, err := w.Roster.Remove(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, w.Cem, acme), roster.Removal{}); err != nil {
		t.Fatal(err)
	}
	if came(w.Cem, left) {
		t.Error("somebody else's form is Cem's")
	}
}

// R30: forms are kept for a day by the database's clock, and then forgotten, however many they are.
func TestOldFormsAreForgotten(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	founded := w.Count(t, "SELECT count(*) FROM roster.submissions")
	w.SQL(t, `INSERT INTO roster.submissions (org_id, user_id, id, created_at)
		SELECT o.id, $1, gen_random_uuid(), now() - n * interval '1 minute' FROM roster.organizations o, generate_series(1, 3000) n WHERE o.slug = 'acme'`, w.Ann.ID)
	if err := w.Roster.Housekeeping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, old := w.Count(t, "SELECT count(*) FROM roster.submissions"), w.Count(t, "SELECT count(*) FROM roster.submissions WHERE created_at < now() - interval '24 hours'"); old != 0 || n < 1438+founded || n > 1439+founded {
		t.Errorf("%d are left, %d of them old; want about 1439 and the %d of the founders", n, old, founded)
	}
}
