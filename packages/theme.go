package packages

import "strings"

// themedWindow are the members of "window", and of the settings of a page, whose value may be a name of the theme, and
// themedTabBar those of "tabBar" (DarkMode).
var (
	themedWindow = []string{
		"navigationBarBackgroundColor", "navigationBarTextStyle", "backgroundColor", "backgroundTextStyle", "backgroundColorTop",
		"backgroundColorBottom", "backgroundColorContent",
	}
	themedTabBar = []string{"color", "selectedColor", "backgroundColor", "borderStyle"}
)

// colorSchemes are the surroundings for which a theme has values.
var colorSchemes = []string{"light", "dark"}

// checkThemed checks the members of an object, at a place of a file, that have a name of the theme.
func (in *inspection) checkThemed(file, place string, config map[string]any, members []string) {
	for _, member := range members {
		name, ofTheme := strings.CutPrefix(text(config, member), "@")
		if !ofTheme || in.theme().value == nil {
			continue
		}
		for _, scheme := range colorSchemes {
			if text(object(in.theme().value, scheme), name) == "" {
				in.findings.add(themeName, file, `the value "@%s" of %q is not in the theme for %q; add the member %q to %q`,
					name, place+member, scheme, "/"+scheme+"/"+name, in.theme().path)
			}
		}
	}
}

// checkThemeIcon checks an icon that has a name in the theme, which has one file for light and one for dark.
func (in *inspection) checkThemeIcon(tab, name string) {
	theme := in.theme()
	if theme.value == nil {
		return
	}
	for _, scheme := range colorSchemes {
		in.checkSchemeIcon(theme, scheme, tab, name)
	}
}

func (in *inspection) checkSchemeIcon(theme document, scheme, tab, name string) {
	icon := text(object(theme.value, scheme), name)
	wanted := in.fromRoot(icon)
	switch {
	case icon == "":
		in.findings.add(themeIcon, theme.path, `the icon "@%s" of the tab %q has no file for %q in the theme; add the member %q there`,
			name, tab, scheme, "/"+scheme+"/"+name)
	case in.files.has(wanted):
	case elsewhere.MatchString(icon):
		in.findings.add(themeIcon, theme.path,
			`the icon "@%s" of the tab %q leads to %q for %q, out of the package, where hosts do not look for it; put the file into the package`,
			name, tab, icon, scheme)
	default:
		in.findings.add(themeIcon, wanted,
			`the icon "@%s" of the tab %q is %q for %q, which is not in the package%s; add it or correct the theme`,
			name, tab, icon, scheme, in.files.instead(wanted))
	}
}

// theme returns the file with what is different in light and in dark surroundings. What is wrong with it is reported the first
// time; then it has no value to go by.
func (in *inspection) theme() document {
	if in.themeFile == nil {
		d := in.findTheme()
		in.themeFile = &d
	}
	return *in.themeFile
}

func (in *inspection) findTheme() document {
	location := text(in.value, "themeLocation")
	if location == "" {
		in.findings.add(themeName, in.manifest,
			`names that begin with "@" are those of a theme, but app.json has no "themeLocation", without which hosts read none; add it`)
		return document{}
	}
	d := in.parse(in.fromRoot(location))
	if !in.files.has(d.path) {
		in.findings.add(themeName, d.path,
			`names that begin with "@" are those of the theme, but there is no %q%s; add it, or correct "themeLocation"`,
			d.path, in.files.alike(d.path))
	}
	in.reportProblems(d)
	return d
}
