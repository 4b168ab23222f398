package ui_test

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"roster/internal/golden"
	"roster/views/ui"
)

var now = time.Date(2026, 3, 17, 9, 41, 0, 0, time.UTC)

// all joins components, so that the states of one thing stand in one file.
func all(parts ...templ.Component) templ.Component { return templ.Join(parts...) }

// with gives a component children.
func with(outer templ.Component, inner string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return outer.Render(templ.WithChildren(ctx, templ.Raw(inner)), w)
	})
}

func TestComponents(t *testing.T) {
	for name, component := range map[string]templ.Component{
		"button": all(
			ui.Button(ui.ButtonSpec{Label: "Save"}),
			ui.Button(ui.ButtonSpec{ID: "send", Label: "Send 19 invitations", Kind: ui.Primary, Icon: ui.IconSend, Large: true, Wide: true, Name: "do", Value: "send"}),
			ui.Button(ui.ButtonSpec{Label: "Remove", Extra: " Samuel Okafor", Kind: ui.Destructive, Form: "bulk", Formaction: "/remove", Attrs: templ.Attributes{"hx-post": "/remove", "hx-target": "#dialog"}}),
			ui.Button(ui.ButtonSpec{Label: "Bad", Formaction: "javascript:alert(1)"}),
			ui.LinkButton("/orgs/new", ui.ButtonSpec{ID: "new", Label: "Create organization", Kind: ui.Quiet, Attrs: templ.Attributes{"hx-get": "/orgs/new", "hx-target": "#dialog"}}),
			ui.LinkButton("javascript:alert(1)", ui.ButtonSpec{Label: "Bad", Kind: ui.DestructiveSolid}),
			ui.IconButton(ui.ButtonSpec{Label: "Copy", Icon: ui.IconCopy, Type: "button"}),
			ui.TextButton(ui.ButtonSpec{ID: "undo", Label: "Undo"}),
		),
		"menu": with(ui.Popover(ui.PopoverSpec{ID: "more", Label: "More about Samuel Okafor"}), "<!-- entries -->"),
		"menu-items": all(
			ui.MenuLink("/history", ui.IconHistory, "History", false),
			ui.MenuLink("/remove", ui.IconUserX, "Remove", true),
			ui.MenuLinkWith("/suspend", ui.ButtonSpec{ID: "suspend", Label: "Suspend", Kind: ui.Destructive, Icon: ui.IconPause, Attrs: templ.Attributes{"hx-get": "/suspend", "hx-target": "#dialog"}}),
			ui.MenuButton(ui.ButtonSpec{ID: "out", Label: "Log out", Icon: ui.IconLogOut}),
			ui.MenuRule(),
		),
		"marks": all(ui.Marks("org_1", "person"), ui.Marks("", "person"), ui.Marks("", ""), ui.Hidden("version", `"><script>`)),
		"field": all(
			ui.Field(ui.FieldSpec{Name: "email", Label: "E-mail", Type: "email", Autocomplete: "email", Required: true, Large: true, MaxLength: 254}),
			ui.Field(ui.FieldSpec{ID: "the-name", Name: "name", Label: "Name", Value: `O'Brien <"x">`, Optional: true, Hint: "As others see it.", Error: "Enter a name"}),
			ui.Field(ui.FieldSpec{Name: "code", Label: "Code", Plain: true, InputMode: "numeric", Autocomplete: "one-time-code", MinLength: 6, MaxLength: 6, Autofocus: true, HideLabel: true}),
			ui.Field(ui.FieldSpec{Name: "fixed", Label: "Address", Value: "mara@acme.example", Readonly: true}),
		),
		"field-password": ui.Field(ui.FieldSpec{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password", Reveal: true, Aside: templ.Raw(`<a href="/forgot">Forgot password?</a>`)}),
		"field-prefix": all(
			ui.Field(ui.FieldSpec{Name: "slug", Label: "Address", Value: "acme-robotics", Prefix: "roster.example/orgs/", Hint: "acme-robotics is free", HintGood: true, Plain: true, Attrs: templ.Attributes{"hx-get": "/orgs/new/slug", "hx-target": "#slug-hint"}}),
			ui.Field(ui.FieldSpec{Name: "slug2", Label: "Address", HintSlot: templ.Raw(`<span id="slug2-hint" aria-live="polite"></span>`), Error: "That address is taken"}),
		),
		"textarea": all(
			ui.Textarea(ui.FieldSpec{Name: "message", Label: "Message", Optional: true, Rows: 3, MaxLength: 500, Value: "\n two lines\n  and spaces </textarea> ", Hint: "Plain text."}),
			ui.Textarea(ui.FieldSpec{Name: "emails", Label: "E-mail addresses", Required: true, Plain: true, Error: "Enter an e-mail address like name@example.com"}),
		),
		"select": all(
			ui.Select(ui.SelectSpec{Name: "role", Label: "Role", Value: "member", Options: []ui.Option{{Value: "admin", Label: "Admin"}, {Value: "member", Label: "Member"}, {Value: "owner", Label: "Owner", Disabled: true}}, Hint: "Up to your own."}),
			ui.Select(ui.SelectSpec{ID: "r2", Name: "role", Label: "Role", Error: "Choose a role", Large: true}),
			ui.BareSelect(ui.SelectSpec{ID: "role-1", Name: "role", Label: "Role of Aiko Tanaka", Quiet: true, Form: "f1", Options: []ui.Option{{Value: "", Label: "All roles"}}}),
			ui.BareSelect(ui.SelectSpec{Name: "status", Label: "Status", Fit: true}),
		),
		"check": all(
			ui.Checkbox(ui.CheckSpec{Name: "notify", Label: "Tell them by e-mail", Checked: true, Hint: "A short letter."}),
			ui.Checkbox(ui.CheckSpec{Name: "member", Value: "mem_1", Label: "Select Samuel Okafor", Hidden: true, Form: "bulk"}),
		),
		"choices": ui.Choices(ui.ChoiceSpec{Name: "theme", Legend: "Appearance", Value: "dark", Error: "Choose one", Items: []ui.Choice{{Value: "system", Label: "Like the system", Hint: "Changes with it."}, {Value: "dark", Label: "Dark"}}}),
		"error-summary": all(
			ui.ErrorSummary(nil),
			ui.ErrorSummary([]ui.FieldError{{Field: "email", Text: "Enter an e-mail address like name@example.com"}, {Text: "That e-mail and password do not match."}}),
		),
		"search":     all(ui.SearchBox(ui.SearchSpec{Label: "Search members", Placeholder: "Name or e-mail", Value: "we", Shortcut: true}), ui.SearchBox(ui.SearchSpec{ID: "orgs", Name: "find", Label: "Find", Autofocus: true})),
		"copy-field": ui.CopyField(ui.CopySpec{ID: "link", Label: "Link", Value: "https://roster.example/invitations/x?a=1&b=2", Hint: "Copy it now. It is not shown again.", Autofocus: true}),
		"badge": all(
			ui.Badge(ui.Default, "You"), ui.Badge(ui.Success, "Accepted"), ui.Badge(ui.Accent, "Admin"), ui.Badge(ui.Warning, "Pending"), ui.Badge(ui.Danger, "Not delivered"),
			ui.BadgeLine("Member"), ui.BadgeIcon(ui.Success, ui.IconCheck, "Matches"),
			ui.Status(ui.On, "Active"), ui.Status(ui.Off, "Suspended"), ui.Status(ui.Neutral, "Left"),
		),
		"avatar": all(
			ui.Avatar("ML", 1, ui.Medium), ui.Avatar("AT", 8, ui.Small), ui.Avatar("<>", 99, ui.Large), ui.OrgAvatar("AR", 2, ui.XLarge),
			ui.WaitingAvatar(), ui.SystemAvatar(),
		),
		"person": all(
			ui.PersonCell(ui.PersonSpec{Name: "Mara Lindqvist", NameID: "n1", Mail: "mara@acme.example", URL: "/m/1", Initials: "ML", Hue: 1, You: true}),
			ui.PersonCell(ui.PersonSpec{Name: "lin.zhao@acme.example", Mail: "Not joined yet", Waiting: true}),
			ui.PersonCell(ui.PersonSpec{Name: "<script>alert(1)</script>", URL: "/m/2", NameID: "n2", Attrs: templ.Attributes{"autofocus": true}}),
		),
		"note": all(
			ui.Note(ui.NoteSpec{Icon: ui.IconSwap, Strong: "You are now in Acme.", Text: "You were in Kestrel Labs.", Action: ui.LinkButton("/orgs/kestrel", ui.ButtonSpec{Label: "Back"})}),
			with(ui.Note(ui.NoteSpec{ID: "taken", Tone: ui.Warning, Icon: ui.IconWarn, Title: "Changed by someone else", Level: 3, Alert: true}), "<p>more</p>"),
		),
		"empty": all(
			with(ui.Empty(ui.EmptySpec{ID: "none", Art: true, Title: "No one else is here yet", Text: "Invite the people you work with.", Level: 3}), `<a href="/invite">Invite people</a>`),
			ui.Empty(ui.EmptySpec{Icon: ui.IconSearch, Title: "No member matches “weberr”"}),
		),
		"page-head": all(with(ui.PageHead("Members", "Everyone."), "<a>Invite</a>"), ui.PageHead("Overview", "")),
		"ways": all(
			ui.Tabs("People", []ui.Tab{{URL: "/m", Label: "Members", Count: "248", CountID: "tab-members", Current: true}, {URL: "/i", Label: "Invitations"}}),
			ui.Crumbs([]ui.Crumb{{URL: "/m", Label: "Members"}, {Label: "Aiko Tanaka"}}),
			ui.Steps("Progress", []string{"Organization", "Invite people", "Done"}, 1),
		),
		"sort-header": all(
			ui.SortHeader(ui.SortSpec{ID: "sort-name", Label: "Member", URL: "?sort=name", Sorted: "ascending", Attrs: templ.Attributes{"hx-get": "?sort=name"}}),
			ui.SortHeader(ui.SortSpec{Label: "Joined", Extra: ", newest first", URL: "?sort=joined", Sorted: "descending", Class: "gives-first"}),
			ui.SortHeader(ui.SortSpec{Label: "Role", URL: "?sort=role"}),
		),
		"skeleton": ui.SkeletonRows(1, 3),
		"saved":    with(ui.Saved("Was Member."), "<button>Undo</button>"),
		"time": all(
			ui.Time(now.Add(-12*time.Minute), now), ui.Time(time.Time{}, now), ui.Date(now, now), ui.Date(time.Time{}, now), ui.DateTime(now, now), ui.DateTime(time.Time{}, now),
		),
		"confirm-page": with(ui.Confirm(ui.ConfirmSpec{
			Title: "Remove Samuel Okafor from Acme Robotics?", Text: "They lose access at once.", Consequences: []string{"What they made stays."}, Action: "/orgs/acme/members/mem_1/remove",
			Org: "org_1", Person: "p", Submit: "Remove Samuel Okafor", SubmitID: "go", KeepURL: "/orgs/acme/members", Danger: true, Problem: "They are the only owner.",
		}), "<!-- fields -->"),
		"confirm-dialog": with(ui.Confirm(ui.ConfirmSpec{
			Title: "Leave Acme Robotics?", Action: "/orgs/acme/leave", Org: "org_1", Person: "p", Submit: "Leave Acme Robotics", Keep: "Stay", KeepURL: "/orgs/acme", Dialog: true,
		}), "<!-- fields -->"),
		"dialog": all(ui.DialogHead("Link for Lin Zhao"), with(ui.DialogBody(), "<p>body</p>"), with(ui.DialogFoot(), "<p>foot</p>"), ui.DialogClose("Done")),
		"toast": all(
			ui.Toast(ui.ToastSpec{ID: "t1", Tone: ui.Success, Text: "Export ready: 248 members.", LinkURL: "/export", LinkLabel: "Download"}),
			ui.Toast(ui.ToastSpec{Tone: ui.Warning, Text: "Import stopped."}),
			ui.Toast(ui.ToastSpec{Text: "Import finished."}),
		),
		"partials": all(ui.CloseDialog(), ui.Announce("12 members match <b>"), with(ui.Into("#count", "innerHTML"), "12")),
		"brand":    all(ui.Brand("/"), ui.Brand(""), ui.EmptyArt()),
		"door-art": ui.DoorArt(),
	} {
		t.Run(name, func(t *testing.T) { golden.Check(t, name, component) })
	}
}

// What was typed comes back to the letter, also where HTML would drop a first line break.
func TestTextareaKeepsWhatWasTyped(t *testing.T) {
	for _, typed := range []string{"\nsecond line\n ", "  indented", "\n\n", "</textarea><script>", ""} {
		var out strings.Builder
		if err := ui.Textarea(ui.FieldSpec{Name: "m", Label: "M", Value: typed}).Render(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		page, err := html.Parse(strings.NewReader(out.String()))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for node := range page.Descendants() {
			if node.Data == "textarea" && node.FirstChild != nil {
				got = node.FirstChild.Data
			}
		}
		if got != typed {
			t.Errorf("a textarea makes %q out of %q", got, typed)
		}
	}
}

func TestEveryIconIsInTheSprite(t *testing.T) {
	sprite, err := os.ReadFile("../../static/icons/icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range ui.Icons {
		drawn := golden.Render(t, ui.Icon(i.Icon))
		_, id, ok := strings.Cut(drawn, "#")
		if !ok {
			t.Errorf("Icon%s draws nothing: %s", i.Name, drawn)
			continue
		}
		id, _, _ = strings.Cut(id, `"`)
		if !strings.Contains(string(sprite), `<symbol id="`+id+`"`) {
			t.Errorf("Icon%s is not in the sprite: %s", i.Name, id)
		}
	}
	if got, want := strings.Count(string(sprite), "<symbol "), len(ui.Icons); got != want {
		t.Errorf("the sprite has %d icons, %d have a name: each costs bytes on every first page", got, want)
	}
	if drawn := golden.Render(t, ui.Icon(ui.IconName{})); drawn != "" {
		t.Errorf("no icon draws %q", drawn)
	}
}
