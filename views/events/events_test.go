package events

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/a-h/templ"

	"roster/internal/golden"
	"roster/internal/roster"
)

// facts are what an entry keeps, as the database gives it back.
type facts = map[string]any

func held(names ...string) []any {
	list := make([]any, len(names))
	for i, name := range names {
		list[i] = name
	}
	return list
}

const restoredText = "Roster was restored from a backup of 30 Nov 2026, 14:03 UTC: what was done after it is gone. Check who is a member and in which role. " +
	"Open invitations and share links have ended; they can be sent again and reset"

// told is every event with its sentence on the overview, and on the member's own page.
var told = []struct {
	event         roster.Event
	sentence      string
	ofMember      string
	whatIsSpecial string
}{
	{roster.Event{Name: roster.OrganizationCreated, Actor: "Mara Lindqvist", SubjectKind: "organization", Subject: "Acme Robotics", After: facts{"name": "Acme Robotics"}},
		"Mara Lindqvist created Acme Robotics", "Mara Lindqvist created Acme Robotics", ""},
	{roster.Event{Name: roster.OrganizationRestored, SubjectKind: "organization", Subject: "Acme Robotics", After: facts{"as_of": "2026-11-30T14:03:09.5+00:00", "epoch": 2.0}},
		restoredText, restoredText, "of an installation"},

	{aiko(roster.RolesChanged, facts{"roles": held("member")}, facts{"roles": held("admin"), "version": 2.0}),
		"Mara Lindqvist changed the role of Aiko Tanaka from Member to Admin", "Mara Lindqvist changed the role from Member to Admin", ""},
	{aiko(roster.RolesChanged, facts{"roles": held("member", "viewer")}, facts{"roles": held("admin")}),
		"Mara Lindqvist changed the role of Aiko Tanaka from Member and Viewer to Admin", "Mara Lindqvist changed the role from Member and Viewer to Admin", "several roles"},
	{aiko(roster.RolesChanged, facts{"roles": held("admin"), "status": "active"}, facts{"roles": held("member"), "status": "active", "version": 3.0}),
		"Mara Lindqvist undid the change of the role of Aiko Tanaka: back from Admin to Member", "Mara Lindqvist undid the change of the role: back from Admin to Member", "undoing"},
	{aiko(roster.MemberSuspended, facts{"status": "active"}, facts{"status": "suspended"}),
		"Mara Lindqvist suspended Aiko Tanaka", "Mara Lindqvist suspended this member", ""},
	{aiko(roster.MemberSuspended, facts{"status": "suspended", "roles": held("member")}, facts{"status": "active", "roles": held("member")}),
		"Mara Lindqvist undid the suspension of Aiko Tanaka", "Mara Lindqvist undid the suspension of this member", "undoing"},
	{aiko(roster.MemberReactivated, facts{"status": "suspended"}, facts{"status": "active"}),
		"Mara Lindqvist reactivated Aiko Tanaka", "Mara Lindqvist reactivated this member", ""},
	{aiko(roster.MemberReactivated, facts{"status": "active"}, facts{"status": "suspended"}),
		"Mara Lindqvist undid reactivating Aiko Tanaka", "Mara Lindqvist undid reactivating this member", "undoing"},
	{aiko(roster.MemberRemoved, facts{"status": "active", "roles": held("member")}, facts{"status": "removed"}),
		"Mara Lindqvist removed Aiko Tanaka", "Mara Lindqvist removed this member", ""},
	{aiko(roster.MemberRemoved, facts{"revoked_invitations": held("a", "b", "c")}, facts{"status": "removed"}),
		"Mara Lindqvist removed Aiko Tanaka; 3 invitations that they had sent were revoked",
		"Mara Lindqvist removed this member; 3 invitations that they had sent were revoked", "with invitations"},
	{aiko(roster.MemberRemoved, facts{"taken_over_invitations": held("a")}, facts{"status": "removed"}),
		"Mara Lindqvist removed Aiko Tanaka; 1 invitation that they had sent was taken over",
		"Mara Lindqvist removed this member; 1 invitation that they had sent was taken over", "with an invitation"},
	{aiko(roster.MemberRestored, facts{"status": "removed", "roles": held()}, facts{"status": "active", "roles": held("member")}),
		"Mara Lindqvist undid the removal of Aiko Tanaka, who is back as Member", "Mara Lindqvist undid the removal of this member, who is back as Member", "undoing"},
	{herself(roster.MemberLeft, facts{"status": "active", "roles": held("member")}, facts{"status": "left"}), "Aiko Tanaka left", "Aiko Tanaka left", ""},
	{herself(roster.MemberJoined, facts{"status": ""}, facts{"roles": held("member"), "through": "invitation"}),
		"Aiko Tanaka joined by invitation, as Member", "Aiko Tanaka joined by invitation, as Member", ""},
	{herself(roster.MemberJoined, facts{"status": "left"}, facts{"roles": held("viewer"), "through": "invitation"}),
		"Aiko Tanaka joined again by invitation, as Viewer", "Aiko Tanaka joined again by invitation, as Viewer", "once more"},
	{herself(roster.MemberJoined, nil, facts{"roles": held("guest"), "through": "invitation", "handed_over": true}),
		"Aiko Tanaka joined by a copied link, as Guest", "Aiko Tanaka joined by a copied link, as Guest", "handed over"},
	{herself(roster.MemberJoined, nil, facts{"roles": held("owner"), "through": "created"}),
		"Aiko Tanaka became the first Owner", "Aiko Tanaka became the first Owner", "the founder"},

	{lin(roster.InvitationSent, nil, facts{"roles": held("member"), "days": 7.0, "by": "mailed"}),
		"Mara Lindqvist invited lin@acme.example as Member", "Mara Lindqvist invited lin@acme.example as Member", ""},
	{lin(roster.InvitationSent, nil, facts{"roles": held("viewer"), "by": "copied"}),
		"Mara Lindqvist invited lin@acme.example as Viewer, by a link to hand over", "Mara Lindqvist invited lin@acme.example as Viewer, by a link to hand over", "no mail server"},
	{lin(roster.InvitationSentAgain, nil, nil), "Mara Lindqvist sent the invitation of lin@acme.example again", "Mara Lindqvist sent the invitation again", ""},
	{lin(roster.InvitationLinkMade, nil, nil), "Mara Lindqvist made a link to copy for the invitation of lin@acme.example", "Mara Lindqvist made a link to copy for the invitation", ""},
	{lin(roster.InvitationRoleChanged, facts{"roles": held("member")}, facts{"roles": held("guest")}),
		"Mara Lindqvist changed the role offered to lin@acme.example from Member to Guest", "Mara Lindqvist changed the role offered to lin@acme.example from Member to Guest", ""},
	{lin(roster.InvitationRoleChanged, facts{"roles": held("guest"), "state": "open"}, facts{"roles": held("member"), "state": "open"}),
		"Mara Lindqvist undid the change of the role offered to lin@acme.example: back from Guest to Member",
		"Mara Lindqvist undid the change of the role offered to lin@acme.example: back from Guest to Member", "undoing"},
	{lin(roster.InvitationRevoked, nil, nil), "Mara Lindqvist revoked the invitation of lin@acme.example", "Mara Lindqvist revoked the invitation", ""},
	{lin(roster.InvitationReopened, nil, nil), "Mara Lindqvist undid revoking the invitation of lin@acme.example", "Mara Lindqvist undid revoking the invitation", "undoing"},
	{lin(roster.InvitationTakenOver, nil, nil), "Mara Lindqvist took over the invitation of lin@acme.example", "Mara Lindqvist took over the invitation", ""},
	{roster.Event{Name: roster.InvitationDeclined, Actor: "Lin Zhao", SubjectKind: "invitation", Subject: "lin@acme.example", After: facts{"blocked": false}},
		"Lin Zhao declined the invitation of lin@acme.example", "Lin Zhao declined the invitation of lin@acme.example", ""},
	{roster.Event{Name: roster.InvitationDeclined, Actor: "Lin Zhao", SubjectKind: "invitation", Subject: "lin@acme.example", After: facts{"blocked": true}},
		"Lin Zhao declined the invitation of lin@acme.example and asked not to be invited again",
		"Lin Zhao declined the invitation of lin@acme.example and asked not to be invited again", "for good"},
	{roster.Event{Name: roster.InvitationReported, Actor: "lin@acme.example", SubjectKind: "invitation", Subject: "lin@acme.example", After: facts{"blocked": true}},
		"lin@acme.example reported the invitation and asked not to be invited again", "lin@acme.example reported the invitation and asked not to be invited again", ""},
	{roster.Event{Name: roster.InvitationClosed, Actor: "Lin Zhao", SubjectKind: "invitation", Subject: "lin@acme.example"},
		"Lin Zhao opened the invitation of lin@acme.example and was a member already", "Lin Zhao opened the invitation of lin@acme.example and was a member already", ""},
	{roster.Event{Name: roster.MembersExported, Actor: "Mara Lindqvist", SubjectKind: "organization", Subject: "Acme Robotics", After: facts{"format": "csv", "rows": 2148.0, "filter": facts{"role": "member"}}},
		"Mara Lindqvist exported 2,148 rows of the list of members as CSV", "Mara Lindqvist exported 2,148 rows of the list of members as CSV", ""},
	{roster.Event{Name: roster.MembersExported, Actor: "Mara Lindqvist", SubjectKind: "organization", Subject: "Acme Robotics", After: facts{"format": "json", "rows": 1.0}},
		"Mara Lindqvist exported 1 row of the list of members as JSON", "Mara Lindqvist exported 1 row of the list of members as JSON", "one row"},
	{roster.Event{Name: roster.InvitationCorrected, Actor: "Mara Lindqvist", SubjectKind: "invitation", Subject: "lin@acme.example", Before: facts{"email": "lin@acme.exmaple"}},
		"Mara Lindqvist corrected the address of the invitation of lin@acme.exmaple: it goes to lin@acme.example",
		"Mara Lindqvist corrected the address of the invitation of lin@acme.exmaple: it goes to lin@acme.example", ""},
	{roster.Event{Name: roster.InvitationReminded, Actor: "Roster", SubjectKind: "invitation", Subject: "lin@acme.example"},
		"Roster reminded lin@acme.example of the invitation", "Roster reminded lin@acme.example of the invitation", ""},
	{roster.Event{Name: roster.InvitationsRevoked, Actor: "Mara Lindqvist", SubjectKind: "organization", Subject: "Acme Robotics", After: facts{"invitations": 3.0}},
		"Mara Lindqvist revoked 3 invitations together", "Mara Lindqvist revoked 3 invitations together", ""},
	{roster.Event{Name: roster.InvitationReopened, Actor: "Mara Lindqvist", SubjectKind: "organization", Subject: "Acme Robotics", After: facts{"invitations": 1.0}},
		"Mara Lindqvist undid revoking 1 invitation together", "Mara Lindqvist undid revoking 1 invitation together", "together"},
	{roster.Event{Name: roster.InvitationAskedAgain, Actor: "lin@acme.example", SubjectKind: "invitation", Subject: "lin@acme.example", After: facts{"other": ""}},
		"lin@acme.example asked for a new invitation", "lin@acme.example asked for a new invitation", ""},
	{roster.Event{Name: roster.InvitationAskedAgain, Actor: "Lin Zhao", SubjectKind: "invitation", Subject: "lin@acme.example", After: facts{"other": "lin@home.example"}},
		"Lin Zhao asked for a new invitation for lin@home.example in place of lin@acme.example",
		"Lin Zhao asked for a new invitation for lin@home.example in place of lin@acme.example", "another address"},

	{aiko(roster.MemberJoined, facts{"status": ""}, facts{"roles": held("member"), "through": "request"}),
		"Mara Lindqvist let in Aiko Tanaka, who had asked to join, as Member", "Mara Lindqvist let in this member, who had asked to join, as Member", "by request"},
	{herself(roster.MemberJoined, facts{"status": "left"}, facts{"roles": held("viewer"), "through": "link"}),
		"Aiko Tanaka joined by a share link, as Viewer", "Aiko Tanaka joined by a share link, as Viewer", "by link"},
	{shareLink(roster.LinkMade), "Mara Lindqvist made a share link that lets people join as Member", "Mara Lindqvist made a share link that lets people join as Member", ""},
	{shareLink(roster.LinkReset), "Mara Lindqvist reset the share link that lets people join as Member", "Mara Lindqvist reset the share link that lets people join as Member", ""},
	{shareLink(roster.LinkWithdrawn), "Mara Lindqvist withdrew the share link that let people join as Member", "Mara Lindqvist withdrew the share link that let people join as Member", ""},
	{request(roster.RequestMade, "join"), "Mara Lindqvist asked to join", "Mara Lindqvist asked to join", "join"},
	{request(roster.RequestMade, "invite"), "Mara Lindqvist asked to have lin@acme.example invited", "Mara Lindqvist asked to have lin@acme.example invited", "invite"},
	{request(roster.RequestWithdrawn, "join"), "Mara Lindqvist withdrew the request of lin@acme.example to join", "Mara Lindqvist withdrew the request of lin@acme.example to join", ""},
	{request(roster.RequestAccepted, "join"), "Mara Lindqvist accepted the request of lin@acme.example to join, as Member", "Mara Lindqvist accepted the request of lin@acme.example to join, as Member", ""},
	{request(roster.RequestDeclined, "invite"), "Mara Lindqvist declined the request to invite lin@acme.example", "Mara Lindqvist declined the request to invite lin@acme.example", ""},

	{roster.Event{Name: "keys.created", Actor: "Mara Lindqvist", SubjectKind: "key", Subject: "CI"},
		"Mara Lindqvist: keys.created, CI", "Mara Lindqvist: keys.created, CI", "not known to this version"},
	{roster.Event{Name: roster.MemberSuspended, SubjectKind: "membership", Subject: "Aiko Tanaka", After: facts{"status": "suspended"}},
		"Roster suspended Aiko Tanaka", "Roster suspended this member", "nobody did it"},
	{roster.Event{Name: roster.MemberSuspended, Actor: "{} *x*", SubjectKind: "membership", Subject: "* {}", After: facts{"status": "suspended"}},
		"{} *x* suspended * {}", "{} *x* suspended this member", "names are only names"},
}

func shareLink(name string) roster.Event {
	return roster.Event{Name: name, Actor: "Mara Lindqvist", SubjectKind: "link", Subject: "Member", After: facts{"roles": held("member")}}
}

func request(name, kind string) roster.Event {
	return roster.Event{Name: name, Actor: "Mara Lindqvist", SubjectKind: "request", Subject: "lin@acme.example", After: facts{"kind": kind, "roles": held("member")}}
}

func aiko(name string, before, after facts) roster.Event {
	return roster.Event{Name: name, Actor: "Mara Lindqvist", SubjectKind: "membership", Subject: "Aiko Tanaka", Before: before, After: after}
}

func herself(name string, before, after facts) roster.Event {
	return roster.Event{Name: name, Actor: "Aiko Tanaka", SubjectKind: "membership", Subject: "Aiko Tanaka", Before: before, After: after}
}

func lin(name string, before, after facts) roster.Event {
	return roster.Event{Name: name, Actor: "Mara Lindqvist", SubjectKind: "invitation", Subject: "lin@acme.example", Before: before, After: after}
}

func TestEveryEventIsASentence(t *testing.T) {
	for _, one := range told {
		t.Run(one.event.Name+" "+one.whatIsSpecial, func(t *testing.T) {
			if got := Text(one.event); got != one.sentence {
				t.Errorf("the overview says\n%s, want\n%s", got, one.sentence)
			}
			if got := tell(one.event, true).text(); got != one.ofMember {
				t.Errorf("the member's page says\n%s, want\n%s", got, one.ofMember)
			}
		})
	}
}

// A new event of the domain without a sentence fails here.
func TestNoEventIsLeftOut(t *testing.T) {
	known := map[string]bool{}
	for _, one := range told {
		known[one.event.Name] = true
	}
	for _, name := range eventsOfTheDomain(t) {
		if !known[name] {
			t.Errorf("%s has no sentence", name)
		}
	}
}

// eventsOfTheDomain reads the first block of constants of the audit log's file.
func eventsOfTheDomain(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../internal/roster/audit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, decl := range file.Decls {
		block, ok := decl.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST {
			continue
		}
		for _, spec := range block.Specs {
			for _, value := range spec.(*ast.ValueSpec).Values {
				name, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		t.Fatal("no events found in the domain")
	}
	return names
}

func TestGolden(t *testing.T) {
	now := time.Date(2026, time.March, 17, 10, 0, 0, 0, time.UTC)
	change := aiko(roster.RolesChanged, facts{"roles": held("member")}, facts{"roles": held("admin")})
	change.At = now.Add(-19 * time.Minute)
	hostile := aiko(roster.MemberSuspended, nil, facts{"status": "suspended"})
	hostile.Actor, hostile.At = "<script>alert(1)</script>", now.Add(-72*time.Hour)
	at := Place{Slug: "acme", Org: "org_1", Person: "p", Back: "/orgs/acme"}
	undoable, many := change, change
	undoable.ID, undoable.Member, undoable.Undoable, undoable.Alike = "evt_1", "mem_1", true, 1
	many.Alike = 1222
	for name, component := range map[string]templ.Component{
		"entry": Entry(change, at, now), "undoable": Entry(undoable, at, now), "many": Entry(many, at, now), "names_are_text": Entry(hostile, at, now),
	} {
		t.Run(name, func(t *testing.T) { golden.Check(t, name, component) })
	}
}

// C090: what one press did to many is told as one, whatever it was.
func TestWhatIsDoneTogetherIsTold(t *testing.T) {
	many := func(name string, before, after facts) roster.Event {
		e := aiko(name, before, after)
		e.Alike = 3
		return e
	}
	for want, e := range map[string]roster.Event{
		"Mara Lindqvist gave 3 members the role Admin":                                  many(roster.RolesChanged, facts{"roles": held("member")}, facts{"roles": held("admin")}),
		"Mara Lindqvist undid the change of the roles of 3 members":                     many(roster.RolesChanged, facts{"roles": held("admin"), "status": "active"}, facts{"roles": held("member"), "status": "active"}),
		"Mara Lindqvist suspended 3 members":                                            many(roster.MemberSuspended, facts{"status": "active"}, facts{"status": "suspended"}),
		"Mara Lindqvist reactivated 3 members":                                          many(roster.MemberReactivated, facts{"status": "suspended"}, facts{"status": "active"}),
		"Mara Lindqvist removed 3 members":                                              many(roster.MemberRemoved, nil, nil),
		"Mara Lindqvist undid the removal of 3 members":                                 many(roster.MemberRestored, nil, nil),
		"Mara Lindqvist invited 3 people":                                               many(roster.InvitationSent, nil, nil),
		"Mara Lindqvist revoked 3 invitations":                                          many(roster.InvitationRevoked, nil, nil),
		"Mara Lindqvist exported 0 rows of the list of members as , and 2 more like it": many(roster.MembersExported, nil, nil),
	} {
		if got := together(e).text(); got != want {
			t.Errorf("%s: told as %q, want %q", e.Name, got, want)
		}
	}
}
