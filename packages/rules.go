package packages

import "slices"

// Rule is one thing that an inspection checks. Its code is stable: programs may rely on it.
type Rule struct {
	Code     string
	Severity Severity
	Source   string // where the rule comes from
}

// Where the rules come from.
const (
	zipNote     = "PKWARE ZIP application note 6.3.10, "
	packaging   = "W3C MiniApp Packaging (Working Draft), "
	manifest    = "W3C MiniApp Manifest (Working Draft), "
	jsonRFC     = "RFC 8259 (JSON), "
	appJSONDocs = "app.json reference (WeChat, FinClip), "
	slipway     = "Slipway, "
)

// The container: a plain ZIP that every reader understands in the same way.
var (
	packageTooLarge  = Rule{"package_too_large", Error, slipway + "limit on packages"}
	notAZip          = Rule{"not_a_zip", Error, packaging + "ZIP File Requirements"}
	zipTruncated     = Rule{"zip_truncated", Error, zipNote + "4.3.16 End of central directory record"}
	zipPrefix        = Rule{"zip_prefix", Error, slipway + "a package is a ZIP from its first byte"}
	zipTrailing      = Rule{"zip_trailing", Error, zipNote + "4.3.16 End of central directory record"}
	zipSplit         = Rule{"zip_split", Error, packaging + "ZIP File Requirements"}
	zip64            = Rule{"zip_zip64", Error, packaging + "ZIP File Requirements (version 2.0)"}
	zipDirectory     = Rule{"zip_directory", Error, zipNote + "4.3.12 Central directory structure"}
	zipHeader        = Rule{"zip_header_mismatch", Error, zipNote + "4.3.7 Local file header"}
	zipOverlap       = Rule{"zip_overlap", Error, zipNote + "4.3.6 Overall .ZIP file format"}
	zipHidden        = Rule{"zip_hidden_bytes", Error, zipNote + "4.3.6 Overall .ZIP file format"}
	signatureUnknown = Rule{"signing_block_unknown", Warning, packaging + "Digital Signature Requirements"}
	zipEncrypted     = Rule{"zip_encrypted", Error, packaging + "ZIP File Requirements"}
	zipMethod        = Rule{"zip_method", Error, packaging + "ZIP File Requirements"}
	zipCorrupt       = Rule{"zip_corrupt", Error, zipNote + "4.4.5 Compression method"}
	zipSize          = Rule{"zip_size_mismatch", Error, zipNote + "4.4.9 Uncompressed size"}
	zipCRC           = Rule{"zip_crc", Error, packaging + "ZIP File Requirements"}
	tooManyFiles     = Rule{"too_many_files", Error, slipway + "limit on files"}
	fileTooLarge     = Rule{"file_too_large", Error, slipway + "limit on one file"}
	unpackedTooLarge = Rule{"unpacked_too_large", Error, slipway + "limit on all files"}
	ratioTooHigh     = Rule{"ratio_too_high", Error, slipway + "limit on compression"}
	nestedArchive    = Rule{"nested_archive", Warning, slipway + "what is reviewed is what runs"}
	nativeCode       = Rule{"native_code", Warning, slipway + "what is reviewed is what runs"}
	tooManyDomains   = Rule{"too_many_domains", Warning, slipway + "what is reviewed is what runs"}
	bidiControl      = Rule{"bidi_control", Warning, "Trojan Source (CVE-2021-42574)"}
	desktopFiles     = Rule{"desktop_files", Warning, slipway + "a package holds the files of the mini-program only"}
	developerFiles   = Rule{"developer_files", Warning, slipway + "a package holds the files of the mini-program only"}
	notAFile         = Rule{"not_a_file", Error, slipway + "a package holds files and folders only"}
)

// Names of files: safe to write anywhere, and meaning the same everywhere.
var (
	nameEmpty     = Rule{"name_empty", Error, zipNote + "4.4.17 File name"}
	nameTraversal = Rule{"name_traversal", Error, zipNote + "4.4.17 File name"}
	nameAbsolute  = Rule{"name_absolute", Error, zipNote + "4.4.17 File name"}
	nameDrive     = Rule{"name_drive", Error, zipNote + "4.4.17 File name"}
	nameBackslash = Rule{"name_backslash", Error, zipNote + "4.4.17 File name"}
	nameEncoding  = Rule{"name_encoding", Error, packaging + "File and Path Names"}
	nameFlag      = Rule{"name_utf8_flag", Warning, zipNote + "Appendix D, Language encoding"}
	nameCharacter = Rule{"name_character", Error, packaging + "File and Path Names"}
	nameTooLong   = Rule{"name_too_long", Warning, packaging + "File and Path Names"}
	pathTooLong   = Rule{"path_too_long", Error, slipway + "limit on paths"}
	pathTooDeep   = Rule{"path_too_deep", Error, slipway + "limit on folders in folders"}
	nameDuplicate = Rule{"name_duplicate", Error, packaging + "File and Path Names"}
	nameCollision = Rule{"name_collision", Error, packaging + "File and Path Names"}
)

// JSON that every parser understands in the same way.
var (
	jsonTooLarge  = Rule{"json_too_large", Error, slipway + "limit on JSON documents"}
	jsonEncoding  = Rule{"json_encoding", Error, jsonRFC + "8.1 Character Encoding"}
	jsonBOM       = Rule{"json_bom", Warning, jsonRFC + "8.1 Character Encoding"}
	jsonSyntax    = Rule{"json_syntax", Error, jsonRFC + "2 JSON Grammar"}
	jsonTooDeep   = Rule{"json_too_deep", Error, jsonRFC + "9 Parsers"}
	jsonNumber    = Rule{"json_number", Error, jsonRFC + "6 Numbers"}
	jsonDuplicate = Rule{"json_duplicate_key", Error, jsonRFC + "4 Objects"}
)

// Both formats.
var (
	formatUnknown     = Rule{"format_unknown", Error, slipway + "package formats"}
	formatAmbiguous   = Rule{"format_ambiguous", Error, slipway + "package formats"}
	manifestMisplaced = Rule{"manifest_misplaced", Error, packaging + "Root Directory"}
	miniprogramRoot   = Rule{"miniprogram_root_missing", Error, appJSONDocs + "project.config.json, miniprogramRoot"}
	memberMissing     = Rule{"manifest_member_missing", Error, manifest + "Conformance"}
	memberInvalid     = Rule{"manifest_member_invalid", Error, manifest + "Summary of Members"}
	memberIgnored     = Rule{"manifest_member_ignored", Warning, manifest + "Processing the manifest"}
	versionMissing    = Rule{"version_missing", Warning, slipway + "versions"}
	versionForm       = Rule{"version_not_semantic", Error, slipway + "versions are semantic versions (semver.org)"}
	versionMismatch   = Rule{"version_mismatch", Error, slipway + "versions"}
	requiredFile      = Rule{"required_file_missing", Error, packaging + "Package Conformance"}
	pagePath          = Rule{"page_path_invalid", Error, manifest + "pages member"}
	pageDuplicate     = Rule{"page_duplicate", Warning, manifest + "pages member"}
	pageMissing       = Rule{"page_missing", Error, packaging + "Platform Compatibility Verification"}
)

// W3C MiniApp Packaging.
var (
	iconMissing      = Rule{"icon_missing", Error, manifest + "icons member"}
	iconExternal     = Rule{"icon_external", Warning, packaging + "Resources and Services"}
	widgetMissing    = Rule{"widget_missing", Error, packaging + "Platform Compatibility Verification"}
	pageUndeclared   = Rule{"page_undeclared", Warning, packaging + "Resources and Services"}
	permissionReason = Rule{"permission_without_reason", Warning, manifest + "Privacy considerations"}
	localeName       = Rule{"locale_name", Warning, packaging + "i18n Directory"}
	localeContent    = Rule{"locale_content", Error, packaging + "Localization Resources"}
)

// The app.json family.
var (
	subPackagesTwice     = Rule{"subpackages_twice", Warning, appJSONDocs + "subpackages"}
	subPackageRoot       = Rule{"subpackage_root_invalid", Error, appJSONDocs + "subpackages"}
	subPackageNested     = Rule{"subpackage_nested", Error, appJSONDocs + "subpackages"}
	pageInSubPackage     = Rule{"page_in_subpackage", Error, appJSONDocs + "subpackages"}
	partTooLarge         = Rule{"part_too_large", Warning, appJSONDocs + "limits of subpackages (2 MiB)"}
	partsTooLarge        = Rule{"parts_too_large", Warning, appJSONDocs + "limits of subpackages (30 MiB)"}
	tabPageUndeclared    = Rule{"tab_page_undeclared", Error, appJSONDocs + "tabBar"}
	tabIconMissing       = Rule{"tab_icon_missing", Error, appJSONDocs + "tabBar"}
	entryPageUndeclared  = Rule{"entry_page_undeclared", Error, appJSONDocs + "entryPagePath"}
	privateInfoConflict  = Rule{"private_info_conflict", Error, appJSONDocs + "requiredPrivateInfos"}
	privateInfoUndeclare = Rule{"private_info_undeclared", Warning, appJSONDocs + "requiredPrivateInfos"}
	componentOutside     = Rule{"component_outside_independent", Warning, appJSONDocs + "independent subpackages"}
	customTabBar         = Rule{"custom_tab_bar_missing", Warning, appJSONDocs + "tabBar, custom"}
	themeIcon            = Rule{"theme_icon_missing", Warning, appJSONDocs + "DarkMode, themeLocation"}
	themeName            = Rule{"theme_name_missing", Warning, appJSONDocs + "DarkMode, themeLocation"}
	preloadUnknown       = Rule{"preload_unknown", Warning, appJSONDocs + "preloadRule"}
	workersMissing       = Rule{"workers_missing", Warning, appJSONDocs + "workers"}
	componentMissing     = Rule{"component_missing", Warning, appJSONDocs + "usingComponents"}
)

// Rules lists every rule in the order in which its findings are reported.
var Rules = slices.Concat([]Rule{
	packageTooLarge, notAZip, zipTruncated, zipPrefix, zipTrailing, zipSplit, zip64, zipDirectory, zipHeader, zipOverlap, zipHidden,
	signatureUnknown, zipEncrypted, zipMethod, zipCorrupt, zipSize, zipCRC, tooManyFiles, fileTooLarge, unpackedTooLarge,
	ratioTooHigh, nestedArchive, nativeCode, tooManyDomains, bidiControl, desktopFiles, developerFiles, notAFile,

	nameEmpty, nameTraversal, nameAbsolute, nameDrive, nameBackslash, nameEncoding, nameFlag, nameCharacter, nameTooLong, pathTooLong,
	pathTooDeep, nameDuplicate, nameCollision,

	jsonTooLarge, jsonEncoding, jsonBOM, jsonSyntax, jsonTooDeep, jsonNumber, jsonDuplicate,

	formatUnknown, formatAmbiguous, manifestMisplaced, miniprogramRoot, memberMissing, memberInvalid, memberIgnored, versionMissing,
	versionForm, versionMismatch, requiredFile, pagePath, pageDuplicate, pageMissing,

	iconMissing, iconExternal, widgetMissing, pageUndeclared, permissionReason, localeName, localeContent,

	subPackagesTwice, subPackageRoot, subPackageNested, pageInSubPackage, partTooLarge, partsTooLarge, tabPageUndeclared,
	tabIconMissing, entryPageUndeclared, privateInfoConflict, privateInfoUndeclare, componentOutside, customTabBar, themeIcon,
	themeName, preloadUnknown, workersMissing, componentMissing,
}, riskRules)

// ruleOrder is where a rule stands in Rules.
var ruleOrder = func() map[string]int {
	order := map[string]int{}
	for i, rule := range Rules {
		order[rule.Code] = i
	}
	return order
}()

// from returns the rule with the source that it has in another format.
func (r Rule) from(source string) Rule {
	r.Source = source
	return r
}
