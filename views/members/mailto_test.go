package members

import (
	"strings"
	"testing"

	"roster/internal/role"
	"roster/internal/roster"
)

// C060 I93: whoever presses a member's address writes to that address alone, also if it is made to look like further
// recipients.
func TestAMembersAddressIsOneRecipient(t *testing.T) {
	t.Parallel()
	row := somebody("gus", "Gus Guest", role.Guest)
	row.Email = "gus?bcc=everybody&subject=x%0d@acme.example"
	var page strings.Builder
	one := One{Here: at(role.Owner), Member: roster.Member{Row: row}}
	if err := MemberPage(frame("Gus"), one).Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	if want := `href="mailto:gus%3Fbcc=everybody&amp;subject=x%250d@acme.example"`; !strings.Contains(page.String(), want) {
		_, rest, _ := strings.Cut(page.String(), `href="mailto:`)
		t.Errorf("the link is %.80q, want %s", rest, want)
	}
}
