package packages

import "slices"

// The changes that a reviewer should look at first.
const comparison = slipway + "comparison with the version before"

var (
	riskAppID       = Rule{"app_id_changed", Warning, comparison}
	riskFormat      = Rule{"format_changed", Warning, comparison}
	riskPermission  = Rule{"permission_added", Warning, comparison}
	riskReason      = Rule{"permission_reason_changed", Warning, comparison}
	riskDomain      = Rule{"domain_added", Warning, comparison}
	riskInsecure    = Rule{"domain_insecure", Warning, comparison}
	riskPlugin      = Rule{"plugin_added", Warning, comparison}
	riskOpaque      = Rule{"opaque_file", Warning, comparison}
	riskSignature   = Rule{"signature_changed", Warning, comparison}
	riskVersionCode = Rule{"version_code_not_higher", Warning, manifest + "version resource, code member"}
	riskPlatform    = Rule{"platform_raised", Warning, manifest + "platform version resource, min_code member"}
)

// riskRules are those that only a comparison finds broken.
var riskRules = []Rule{
	riskAppID, riskFormat, riskPermission, riskReason, riskDomain, riskInsecure, riskPlugin, riskOpaque, riskSignature, riskVersionCode,
	riskPlatform,
}

// FoundByComparing tells whether findings with one of the codes come from a comparison with the version before, and not from an inspection.
func FoundByComparing(codes []string) bool {
	return slices.ContainsFunc(riskRules, func(rule Rule) bool { return slices.Contains(codes, rule.Code) })
}

// AsksForMorePermissions tells whether a package asks for some that the one before did not. The zero report asks for none.
func (r Report) AsksForMorePermissions(before Report) bool {
	return len(without(namesOf(r.Permissions), namesOf(before.Permissions))) > 0
}

// NamesMoreDomains tells whether the code of a package names some that the one before did not; also where they are too many to know.
func (r Report) NamesMoreDomains(before Report) bool {
	return r.has(tooManyDomains) || len(without(namesOf(r.Domains), namesOf(before.Domains))) > 0
}

// CarriesNativeCode tells whether there are programs in a package.
func (r Report) CarriesNativeCode() bool { return r.has(nativeCode) }

func (r Report) has(rule Rule) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == rule.Code })
}

// risks lists the changes that a reviewer should look at first, the gravest at the top.
func risks(a, b side, c Comparison) []Finding {
	found := &findings{}
	old, current := a.report, b.report
	if old.AppID != current.AppID {
		found.add(riskAppID, "", "the app id was %q and is now %q", old.AppID, current.AppID)
	}
	if old.Format != current.Format {
		found.add(riskFormat, "", "the format was %q and is now %q", old.Format, current.Format)
	}
	riskyPermissions(old, current, found)
	riskyDomains(old, current, found)
	for _, plugin := range c.Plugins.Added {
		found.add(riskPlugin, "", "the plugin %q is new; its code is not in the package", plugin)
	}
	for _, f := range c.Files {
		for _, note := range f.Notes {
			found.add(riskOpaque, f.Path, "the file was %s, and nobody can read it: %s", f.Change, note)
		}
	}
	riskyFacts(old, current, found)
	return found.sorted()
}

func riskyDomains(old, current Report, found *findings) {
	insecure := map[string]bool{}
	for _, d := range old.Domains {
		insecure[d.Host] = d.Insecure
	}
	for _, d := range current.Domains {
		before, known := insecure[d.Host]
		switch {
		case !known:
			found.addAt(riskDomain, d.Path, d.Line, "the code now names %s%s", d.Host, insecurely(d))
		case d.Insecure && !before:
			found.add(riskInsecure, "", "the code named %s with encryption only, and now without, too", d.Host)
		}
	}
}

func insecurely(d Domain) string {
	if d.Insecure {
		return ", without encryption"
	}
	return ""
}

func riskyPermissions(old, current Report, found *findings) {
	reasons := map[string]string{}
	for _, p := range old.Permissions {
		reasons[p.Name] = p.Reason
	}
	for _, p := range current.Permissions {
		reason, known := reasons[p.Name]
		switch {
		case !known:
			found.add(riskPermission, "", "the permission %q is new; the reason given: %q", p.Name, p.Reason)
		case reason != p.Reason:
			found.add(riskReason, "", "the reason for the permission %q was %q and is now %q", p.Name, reason, p.Reason)
		}
	}
}

func riskyFacts(old, current Report, found *findings) {
	if old.Signature != current.Signature {
		found.add(riskSignature, "", "the signing block was %q and is now %q", old.Signature, current.Signature)
	}
	if current.Format == W3C && old.Format == W3C {
		if current.VersionCode <= old.VersionCode {
			found.add(riskVersionCode, "", "the version code was %d and is now %d; it should rise with every version",
				old.VersionCode, current.VersionCode)
		}
		if current.MinPlatform > old.MinPlatform {
			found.add(riskPlatform, "", "the platform needed was %d and is now %d; users with an older one are left behind",
				old.MinPlatform, current.MinPlatform)
		}
	}
}
