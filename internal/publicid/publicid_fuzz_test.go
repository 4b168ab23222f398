package publicid

import (
	"testing"

	"github.com/google/uuid"
)

// I13: an identifier has one spelling, and a spelling names one identifier of one kind. Whatever text is read is spelled the
// same again, and whatever is spelled is read again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"org_01h455vb4pex5vsknk084sn02q", "mem_7zzzzzzzzzzzzzzzzzzzzzzzzz", "inv_00000000000000000000000000", "org_8zzzzzzzzzzzzzzzzzzzzzzzzz",
		"ORG_01h455vb4pex5vsknk084sn02q", "org_01H455VB4PEX5VSKNK084SN02Q", "org_01h455vb4pex5vsknk084sn0iq", "org_01h455vb4pex5vsknk084sn02", "org_org_01h455vb4pex5vsknk084sn02q",
		"org_01h455vb4pex5vsknk084sn02q ", "org_01h455vb4pex5vsknk084sn02\x00", "evt_é1h455vb4pex5vsknk084sn02", "_", ""} {
		f.Add(s, []byte(s + "0123456789abcdef")[:16])
	}
	kinds := []Kind{Organization, Person, Membership, Invitation, Event, Session, Import}
	f.Fuzz(func(t *testing.T, s string, raw []byte) {
		var as []Kind
		for _, k := range kinds {
			id, ok := k.Parse(s)
			if !ok {
				if id != uuid.Nil {
					t.Errorf("%s.Parse(%q) refuses and says %s", k, s, id)
				}
				continue
			}
			as = append(as, k)
			if again := k.Of(id); again != s {
				t.Errorf("%s.Parse(%q) is %s, which is spelled %q", k, s, id, again)
			}
		}
		if len(as) > 1 {
			t.Errorf("%q is read as %v", s, as)
		}
		if len(raw) != 16 {
			return
		}
		want := uuid.UUID(raw)
		for _, k := range kinds {
			if id, ok := k.Parse(k.Of(want)); !ok || id != want {
				t.Errorf("%s is spelled %q, and that is read as %s, %v", want, k.Of(want), id, ok)
			}
		}
	})
}
