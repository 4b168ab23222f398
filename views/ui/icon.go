package ui

import "roster/static"

// IconName is one of the icons in the sprite; the zero value is no icon. Each is named here by what it means on our
// pages, so that a drawing can be changed in one place.
type IconName struct{ symbol string }

// The icons.
var (
	IconBan          = IconName{"ban"}
	IconBox          = IconName{"box"}
	IconBuilding     = IconName{"building-2"}
	IconCalendar     = IconName{"calendar"}
	IconCheck        = IconName{"check"}
	IconChevronDown  = IconName{"chevron-down"}
	IconChevronLeft  = IconName{"chevron-left"}
	IconChevronRight = IconName{"chevron-right"}
	IconChevronUp    = IconName{"chevron-up"}
	IconClock        = IconName{"clock"}
	IconClose        = IconName{"x"}
	IconCopy         = IconName{"copy"}
	IconDots         = IconName{"ellipsis"}
	IconDownload     = IconName{"download"}
	IconEye          = IconName{"eye"}
	IconEyeOff       = IconName{"eye-off"}
	IconFingerprint  = IconName{"fingerprint-pattern"}
	IconGear         = IconName{"settings"}
	IconGlobe        = IconName{"globe"}
	IconHelp         = IconName{"circle-question-mark"}
	IconHistory      = IconName{"history"}
	IconHome         = IconName{"house"}
	IconInbox        = IconName{"inbox"}
	IconInfo         = IconName{"info"}
	IconKey          = IconName{"key-round"}
	IconKeyboard     = IconName{"keyboard"}
	IconLaptop       = IconName{"laptop"}
	IconLink         = IconName{"link"}
	IconLock         = IconName{"lock"}
	IconLogIn        = IconName{"log-in"}
	IconLogOut       = IconName{"log-out"}
	IconMail         = IconName{"mail"}
	IconMailOpen     = IconName{"mail-open"}
	IconMenu         = IconName{"menu"}
	IconMonitor      = IconName{"monitor"}
	IconMoon         = IconName{"moon"}
	IconPause        = IconName{"circle-pause"}
	IconPencil       = IconName{"pencil"}
	IconPeople       = IconName{"users"}
	IconPhone        = IconName{"smartphone"}
	IconPlay         = IconName{"circle-play"}
	IconPlug         = IconName{"plug"}
	IconPlus         = IconName{"plus"}
	IconRefresh      = IconName{"refresh-cw"}
	IconRotate       = IconName{"rotate-ccw"}
	IconSearch       = IconName{"search"}
	IconSend         = IconName{"send"}
	IconShield       = IconName{"shield-check"}
	IconSun          = IconName{"sun"}
	IconSwap         = IconName{"arrow-left-right"}
	IconTicket       = IconName{"ticket"}
	IconTrash        = IconName{"trash-2"}
	IconUndo         = IconName{"undo-2"}
	IconUpDown       = IconName{"chevrons-up-down"}
	IconUpload       = IconName{"upload"}
	IconUser         = IconName{"user"}
	IconUserMinus    = IconName{"user-minus"}
	IconUserPlus     = IconName{"user-plus"}
	IconUserX        = IconName{"user-x"}
	IconWarn         = IconName{"triangle-alert"}
)

// Icons lists them all by Go name, for the gallery and for the test that finds each in the sprite.
var Icons = []struct {
	Name string
	Icon IconName
}{
	{"Ban", IconBan}, {"Box", IconBox}, {"Building", IconBuilding}, {"Calendar", IconCalendar}, {"Check", IconCheck},
	{"ChevronDown", IconChevronDown}, {"ChevronLeft", IconChevronLeft}, {"ChevronRight", IconChevronRight},
	{"ChevronUp", IconChevronUp}, {"Clock", IconClock}, {"Close", IconClose}, {"Copy", IconCopy}, {"Dots", IconDots},
	{"Download", IconDownload}, {"Eye", IconEye}, {"EyeOff", IconEyeOff}, {"Fingerprint", IconFingerprint},
	{"Gear", IconGear}, {"Globe", IconGlobe}, {"Help", IconHelp}, {"History", IconHistory}, {"Home", IconHome},
	{"Inbox", IconInbox}, {"Info", IconInfo}, {"Key", IconKey}, {"Keyboard", IconKeyboard}, {"Laptop", IconLaptop},
	{"Link", IconLink}, {"Lock", IconLock}, {"LogIn", IconLogIn}, {"LogOut", IconLogOut}, {"Mail", IconMail},
	{"MailOpen", IconMailOpen}, {"Menu", IconMenu}, {"Monitor", IconMonitor}, {"Moon", IconMoon}, {"Pause", IconPause},
	{"Pencil", IconPencil}, {"People", IconPeople}, {"Phone", IconPhone}, {"Play", IconPlay}, {"Plug", IconPlug},
	{"Plus", IconPlus}, {"Refresh", IconRefresh}, {"Rotate", IconRotate}, {"Search", IconSearch}, {"Send", IconSend},
	{"Shield", IconShield}, {"Sun", IconSun}, {"Swap", IconSwap}, {"Ticket", IconTicket}, {"Trash", IconTrash},
	{"Undo", IconUndo}, {"UpDown", IconUpDown}, {"Upload", IconUpload}, {"User", IconUser}, {"UserMinus", IconUserMinus},
	{"UserPlus", IconUserPlus}, {"UserX", IconUserX}, {"Warn", IconWarn},
}

// sprite is the address of the sprite, looked up once: rows draw several icons each.
var sprite = static.URL("icons.svg") + "#"

func (n IconName) href() string { return sprite + n.symbol }
