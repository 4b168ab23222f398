package account

import (
	"errors"
	"strings"
	"testing"
)

// I104: only so much of a name is looked at as a name can have, so that nobody keeps the server busy with one: what is
// longer is refused for its length.
func TestAnEndlessNameIsNotSearchedForInPasswords(t *testing.T) {
	t.Parallel()
	const password = "marlindqvistson"
	if err := CheckPassword(password, "Ann Marlindqvistson", ""); !errors.Is(err, passwordOwn) {
		t.Errorf("the own name as password: %v", err)
	}
	if err := CheckPassword(password, strings.Repeat("ann ", ownMax)+password, ""); err != nil {
		t.Errorf("the end of an endless name was looked at: %v", err)
	}
	if _, err := CheckName(strings.Repeat("a", ownMax)); err == nil {
		t.Error("a name of which a part is not looked at is taken")
	}
}
