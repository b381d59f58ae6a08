package packages

import (
	"maps"
	"slices"
)

// privateInfos are the functions that WeChat and others allow only when app.json declares them in
// "requiredPrivateInfos".
var privateInfos = append([]string{fuzzyLocation, "chooseAddress", "chooseLocation", "choosePoi"}, exactLocations...)

// privateInfoParts are texts of which each of those functions has one, so that most code is searched twice only.
var privateInfoParts = []string{"Location", "choose"}

// fuzzyLocation excludes exactLocations: a mini-program knows either roughly or exactly where its user is.
const fuzzyLocation = "getFuzzyLocation"

var exactLocations = []string{"getLocation", "onLocationChange", "startLocationUpdate", "startLocationUpdateBackground"}

// reportPrivateInfos reports the declared functions as permissions; those about the location have its reason.
func (in *inspection) reportPrivateInfos(locationReason string) {
	declared := texts(in.value["requiredPrivateInfos"])
	roughly := slices.Contains(declared, fuzzyLocation)
	for _, info := range declared {
		reason := locationReason
		if info == "chooseAddress" {
			reason = ""
		}
		in.report.Permissions = append(in.report.Permissions, Permission{info, reason})
		if roughly && slices.Contains(exactLocations, info) {
			in.findings.add(privateInfoConflict, in.manifest, "%q and %q exclude each other; keep one", info, fuzzyLocation)
		}
	}
}

// checkCalls finds functions that the code calls without declaring them.
func (in *inspection) checkCalls(calls map[string]mention) {
	declared := texts(in.value["requiredPrivateInfos"])
	for _, info := range slices.Sorted(maps.Keys(calls)) {
		if !slices.Contains(declared, info) {
			in.findings.addAt(privateInfoUndeclare, calls[info].path, calls[info].line,
				`the code calls %q, which app.json does not declare; add it to "requiredPrivateInfos", or the call fails on some hosts`, info)
		}
	}
}
