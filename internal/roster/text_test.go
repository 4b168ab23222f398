package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
)

// strange are texts that are names, or nearly: what grows when it is folded, what another program reads as something
// else, what is written in several ways.
var strange = []string{"ﷺ" + strings.Repeat("ﷺ", 40), strings.Repeat("½", 60), strings.Repeat("⁗", 60), strings.Repeat("a-", 30) + "a", strings.Repeat("𝔄", 60), strings.Repeat("é", 60), "100% Sure", "Under_Score", `Back\Slash`, "'; DROP TABLE x; --",
	"$1 $2", "İpek Yıldız", "Straße", "ſpecial", "Zoë\u00a0O’Neill", "می\u200cخواهم", "=?utf-8?q?x?=", "{a,b}", "NULL", "\U0010FFFDx", "\uFFFDx", "x\u0301\u0327", "<b>&amp;", "각", "Ａｃｍｅ", "a\u0345b", "\\u0000", "😀"}

// I104 O33: whatever is taken for a name, an address or a message fits the database, and is found there by what it says.
func TestWhatIsTakenFitsTheDatabase(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann := w.As(t, w.Ann, acme)
	taken := 0
	for i, text := range strange {
		if name, err := account.CheckName(text); err == nil {
			taken++
			who := w.Person(t, name, fmt.Sprintf("p%d@strange.example", i))
			w.Join(t, w.Ann, acme, who, role.Guest)
			for word := range strings.FieldsSeq(account.Fold(name)) {
				found, err := w.Roster.Members(t.Context(), ann, roster.List{Search: word})
				if err != nil {
					t.Errorf("search %q: %v", word, err)
				}
				if !slices.ContainsFunc(found.Rows, func(r roster.Row) bool { return r.Name == name }) && len([]rune(word)) <= roster.SearchMax {
					t.Errorf("%q is not found by %q", name, word)
				}
			}
		}
		if name, problem := roster.CheckName(text); problem == "" {
			taken++
			w.SQL(t, "DELETE FROM platform.foundings") // she may make as many as there are names
			if _, _, err := w.Roster.CreateOrganization(t.Context(), w.Ann, roster.NewOrganization{Name: name, Slug: fmt.Sprintf("strange-%d", i)}, rostertest.Trace()); err != nil {
				t.Errorf("organization %q: %v", name, err)
			}
		}
		if _, err := w.Roster.MyOrganizations(t.Context(), w.Ann.ID, text); err != nil {
			t.Errorf("look for the organization %q: %v", text, err)
		}
		if _, err := w.Roster.CheckSlug(t.Context(), text, text); err != nil {
			t.Errorf("propose an address for %q: %v", text, err)
		}
		if _, err := w.Roster.Enter(t.Context(), w.Ann, text, rostertest.Trace()); !fault.Is(err, fault.NotFound) {
			t.Errorf("enter %q: %v", text, err)
		}
		if message, err := mail.CheckMessage(text); err == nil {
			taken++
			form := roster.Invite{Addresses: fmt.Sprintf("m%d@strange.example", i), Role: "guest", Message: message}
			if invited, err := w.Roster.Invite(t.Context(), ann, form); err != nil || invited.Sent != 1 {
				t.Errorf("invite with %q: %+v, %v", text, invited, err)
			}
		}
		form := roster.Invite{Addresses: text + "@strange.example\n" + text + " <q@" + text + ".example>", Role: "guest"}
		if _, err := w.Roster.Invite(t.Context(), ann, form); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("invite %q: %v", form.Addresses, err)
		}
	}
	if taken < 2*len(strange) {
		t.Errorf("only %d strange texts were taken: little was tried", taken)
	}
	for search, others := range map[string]string{"100%": "10", "r_s": "under_score", `k\s`: `back\slash`, "%": "x", "_": "x"} {
		found, err := w.Roster.Members(t.Context(), ann, roster.List{Search: search})
		if err != nil {
			t.Errorf("search %q: %v", search, err)
		}
		for _, row := range found.Rows {
			text, inside := account.SearchText(row.Name, row.Email), search
			if len(search) < 3 {
				inside = " " + search
			}
			if !strings.Contains(text, inside) {
				t.Errorf("%q finds %q, as a sign in it was no text (%s)", search, row.Name, others)
			}
		}
	}
}

// I24 I135: an invitation is found by the address that it has, in capitals, and with its marks or without.
func TestInvitationsAreFoundByTheirAddress(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann := w.As(t, w.Ann, acme)
	for _, email := range []string{"josé.díaz@strange.example", "用户@strange.example", "o'brien@strange.example", "straße@strange.example", "100%sure@strange.example"} {
		w.Invite(t, w.Ann, acme, email, role.Guest)
		local, _, _ := strings.Cut(email, "@")
		for _, search := range []string{local, email, strings.ToUpper(local), strings.ReplaceAll(local, "é", "e\u0301"), " " + local + " "} {
			found, err := w.Roster.Members(t.Context(), ann, roster.List{Search: search})
			if err != nil || !slices.ContainsFunc(found.Rows, func(r roster.Row) bool { return r.Email == email }) {
				t.Errorf("%s is not found by %q: %v", email, search, err)
			}
		}
	}
}

// C072: however long names are once they are folded, each page of the list leads to the next, and everybody is on one.
func TestPagesOfLongNamesLeadOn(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann := w.As(t, w.Ann, acme)
	// Sixty people whose keys are as long as keys become, and some of them equal.
	for i := range roster.PageSize + 10 {
		name, err := account.CheckName(strings.Repeat("½", 90) + fmt.Sprint(i%7))
		if err != nil {
			t.Fatal(err)
		}
		w.Join(t, w.Ann, acme, w.Person(t, name, fmt.Sprintf("l%d@long.example", i)), role.Guest)
	}
	for _, list := range []roster.List{{}, {Down: true}, {Role: role.Guest}, {Sort: "joined"}, {Sort: "joined", Down: true}} {
		seen := map[string]bool{}
		for list.After = ""; ; {
			page, err := w.Roster.Members(t.Context(), ann, list)
			if err != nil {
				t.Fatalf("%+v: after %d of them: %v", list, len(seen), err)
			}
			for _, row := range page.Rows {
				if seen[row.ID] {
					t.Errorf("%+v: %s is there twice", list, row.ID)
				}
				seen[row.ID] = true
			}
			if list.After = page.Next; list.After == "" {
				break
			}
		}
		want := roster.PageSize + 10 + 5
		if list.Role == role.Guest {
			want = roster.PageSize + 10 + 1
		}
		if len(seen) != want {
			t.Errorf("%+v: %d people, want %d", list, len(seen), want)
		}
	}
}
