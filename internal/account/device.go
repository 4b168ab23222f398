package account

import "strings"

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
