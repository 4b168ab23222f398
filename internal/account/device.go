package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// DeviceLife is how long a browser is known after its last log-in.
const DeviceLife = 180 * 24 * time.Hour

// A browser that logged in carries a mark: half of it random, half of it proof that this installation made it. The mark
// opens nothing and says nothing about who has an account; with it, tries for the accounts that logged in here before are
// counted on this device alone. It is one for all accounts of a browser.
const deviceHalf = 16

// NewDevice makes the mark of a browser.
func (a *Accounts) NewDevice() string {
	mark := make([]byte, deviceHalf, 2*deviceHalf)
	_, _ = rand.Read(mark) // never fails
	return base64.RawURLEncoding.EncodeToString(append(mark, a.deviceProof(mark)...))
}

// IsDevice tells whether a mark was made here. One that a client chose is never taken.
func (a *Accounts) IsDevice(mark string) bool {
	if !isToken(mark) {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(mark)
	return err == nil && hmac.Equal(b[deviceHalf:], a.deviceProof(b[:deviceHalf]))
}

func (a *Accounts) deviceProof(random []byte) []byte {
	mac := hmac.New(sha256.New, a.deviceKey)
	mac.Write(random)
	return mac.Sum(nil)[:deviceHalf]
}

// Device says in two words what a request came from, "Firefox on macOS", so that people recognize their own. It is a
// hint for people; nothing is decided by it. What it does not know it leaves out.
func Device(userAgent string) string {
	// The order matters: every browser also names those that it wants to be taken for.
	browser := firstOf(userAgent, "Edg", "Edge", "OPR/", "Opera", "SamsungBrowser", "Samsung Internet", "Firefox", "Firefox", "FxiOS", "Firefox",
		"CriOS", "Chrome", "Chrome", "Chrome", "Chromium", "Chromium", "Safari", "Safari")
	system := firstOf(userAgent, "iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "CrOS", "ChromeOS",
		"Mac OS X", "macOS", "Macintosh", "macOS", "Linux", "Linux")
	switch {
	case browser == "":
		return system
	case system == "":
		return browser
	}
	return browser + " on " + system
}

// firstOf takes pairs: what to look for, and what it is called.
func firstOf(s string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.Contains(s, pairs[i]) {
			return pairs[i+1]
		}
	}
	return ""
}
