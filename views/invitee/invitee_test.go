package invitee

import (
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"roster/internal/golden"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
	"roster/views/ui"
)

var now = time.Date(2026, 3, 17, 9, 41, 0, 0, time.UTC)

func offer(situation roster.Situation) roster.Offer {
	return roster.Offer{Situation: situation, Token: "EXAMPLE-TOKEN", OrgID: uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91"), OrgName: "Palmer Rail", OrgSlug: "palmer-rail",
		Email: "mara@acme.example", Roles: []role.Role{role.Member}, Message: "Hi Mara, this is where we keep the depot rosters.\nHave a look before Thursday’s call.",
		Inviter: "Ruth Palmer", InviterEmail: "ruth@palmer-rail.example", Created: now.AddDate(0, 0, -1), Expires: now.AddDate(0, 0, 6), Mailed: true}
}

func mara() *layout.Person {
	return &layout.Person{Name: "Mara Lindqvist", Email: "mara@acme.example", Mark: "mark", Initials: "ML", Hue: 1}
}

// pages are one of each situation.
func pages() map[string]templ.Component {
	show := func(situation roster.Situation, change func(*View)) templ.Component {
		v := View{Offer: offer(situation), Mails: true, SignupOpen: true, Now: now}
		switch situation {
		case roster.SameAddress, roster.ConfirmFirst, roster.OtherAddress, roster.AlreadyMember, roster.Declined:
			v.Person = mara()
		}
		if change != nil {
			change(&v)
		}
		return Page(layout.FocusPage{Title: Title(v.Offer), Person: v.Person, NoIndex: true, Problem: len(v.Form.Errors) > 0}, v)
	}
	report := View{Offer: offer(roster.SameAddress), Person: mara()}
	return map[string]templ.Component{
		"same_address": show(roster.SameAddress, nil),
		"same_address_changed": show(roster.SameAddress, func(v *View) {
			v.Message, v.Inviter, v.InviterEmail = "", "", ""
			v.Roles = []role.Role{role.Admin}
			v.Problem = "This invitation has changed since you opened it. Nothing was done."
		}),
		"log_in_first": show(roster.LogInFirst, nil),
		"no_account":   show(roster.NoAccount, nil),
		"no_account_wrong": show(roster.NoAccount, func(v *View) {
			v.Form = Form{Name: "Mara <script>", Errors: []ui.FieldError{{Field: "name", Text: "Leave < and > out of the name"}, {Field: "password", Text: "Enter at least 12 characters"}}}
		}),
		"no_account_confirms": show(roster.NoAccount, func(v *View) {
			v.Roles, v.Confirm = []role.Role{role.Admin}, true
		}),
		"confirm_first": show(roster.ConfirmFirst, func(v *View) {
			v.Roles, v.Confirm = []role.Role{role.Admin}, true
		}),
		"confirm_first_sent": show(roster.ConfirmFirst, func(v *View) { v.Confirm, v.CodeSent = true, true }),
		"confirm_first_wrong": show(roster.ConfirmFirst, func(v *View) {
			v.Roles, v.Confirm, v.CodeSent = []role.Role{role.Admin}, true, true
			v.Form.Errors = []ui.FieldError{{Field: "code", Text: "Enter the six digits of the code"}}
		}),
		"handed_over": show(roster.HandedOver, func(v *View) { v.Mails, v.Mailed, v.SignupOpen = false, false, false }),
		"copied_link": show(roster.CopiedLink, func(v *View) { v.Mailed = false }),
		"copied_link_closed": show(roster.CopiedLink, func(v *View) {
			v.Mailed, v.SignupOpen = false, false
		}),
		"other_address": show(roster.OtherAddress, func(v *View) { v.Viewer = "mara.l@kestrel.example" }),
		"other_address_asked": show(roster.OtherAddress, func(v *View) {
			v.Viewer, v.AskedToday = "mara.l@kestrel.example", true
		}),
		"expired":       show(roster.Expired, func(v *View) { v.Expires = now.AddDate(0, 0, -1) }),
		"expired_asked": show(roster.Expired, func(v *View) { v.Expires, v.AskedToday = now.AddDate(0, 0, -1), true }),
		"revoked":       show(roster.Revoked, nil),
		"replaced":      show(roster.Replaced, nil),
		"replaced_no_mail": show(roster.Replaced, func(v *View) {
			v.Mails, v.Mailed = false, false
		}),
		"used":           show(roster.Used, nil),
		"used_logged_in": show(roster.Used, func(v *View) { v.Person = mara() }),
		"already_member": show(roster.AlreadyMember, func(v *View) { v.ViewerRoles = []role.Role{role.Admin} }),
		"already_suspended": show(roster.AlreadyMember, func(v *View) {
			v.ViewerRoles, v.Suspended = []role.Role{role.Member}, true
		}),
		"declined": show(roster.Declined, func(v *View) { v.Decided = now }),
		"cannot_join": show(roster.CannotJoin, func(v *View) {
			v.Why = "You cannot join right now: Palmer Rail is closed."
		}),
		"unknown":  Unknown(layout.FocusPage{Title: "This link does not work", NoIndex: true}),
		"report":   Report(layout.FocusPage{Title: "Report this invitation", Person: mara(), NoIndex: true}, report),
		"reported": Reported(layout.FocusPage{Title: "You will not be invited again", NoIndex: true}, View{Offer: offer(roster.NoAccount)}),
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()

	for name, page := range pages() {
		t.Run(name, func(t *testing.T) { golden.Check(t, name, page) })
	}
}
