package publicid

import (
	"slices"
	"testing"

	"github.com/google/uuid"
)

// The examples of the TypeID specification, "valid.json".
func TestSpelling(t *testing.T) {
	for spelled, id := range map[string]string{
		"org_00000000000000000000000000": "00000000-0000-0000-0000-000000000000",
		"org_00000000000000000000000001": "00000000-0000-0000-0000-000000000001",
		"org_0000000000000000000000000a": "00000000-0000-0000-0000-00000000000a",
		"org_0000000000000000000000000g": "00000000-0000-0000-0000-000000000010",
		"org_00000000000000000000000010": "00000000-0000-0000-0000-000000000020",
		"org_7zzzzzzzzzzzzzzzzzzzzzzzzz": "ffffffff-ffff-ffff-ffff-ffffffffffff",
		"org_0123456789abcdefghjkmnpqrs": "0110c853-1d09-52d8-d73e-1194e95b5f19",
		"org_01h455vb4pex5vsknk084sn02q": "01890a5d-ac96-774b-bcce-b302099a8057",
	} {
		if got := Organization.Of(uuid.MustParse(id)); got != spelled {
			t.Errorf("Of(%s) = %s, want %s", id, got, spelled)
		}
		if got, ok := Organization.Parse(spelled); !ok || got.String() != id {
			t.Errorf("Parse(%s) = %s, %v, want %s", spelled, got, ok, id)
		}
	}
}

func TestForeignSpellingsAreRefused(t *testing.T) {
	for _, s := range []string{"", "org_", "mem_01h455vb4pex5vsknk084sn02q", "org_01H455VB4PEX5VSKNK084SN02Q", "org_8zzzzzzzzzzzzzzzzzzzzzzzzz",
		"org_01h455vb4pex5vsknk084sn02", "org_01h455vb4pex5vsknk084sn02qq", "org_01h455vb4pex5vsknk084sn02i", "01h455vb4pex5vsknk084sn02q"} {
		if id, ok := Organization.Parse(s); ok {
			t.Errorf("Parse(%q) = %s, want a refusal", s, id)
		}
	}
}

func TestIdentifiersSortByTime(t *testing.T) {
	var ids []string
	for range 1000 {
		ids = append(ids, Membership.Of(New()))
	}
	if !slices.IsSorted(ids) {
		t.Error("identifiers made one after the other do not sort")
	}
}
