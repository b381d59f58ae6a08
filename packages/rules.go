package packages

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

// Rules lists every rule in the order in which its findings are reported.
var Rules []Rule

var ruleIndex = map[string]int{}

func rule(code string, severity Severity, source string) Rule {
	r := Rule{code, severity, source}
	ruleIndex[code] = len(Rules)
	Rules = append(Rules, r)
	return r
}

// The container: a plain ZIP that every reader understands in the same way.
var (
	packageTooLarge  = rule("package_too_large", Error, slipway+"limit on packages")
	notAZip          = rule("not_a_zip", Error, packaging+"ZIP File Requirements")
	zipTruncated     = rule("zip_truncated", Error, zipNote+"4.3.16 End of central directory record")
	zipPrefix        = rule("zip_prefix", Error, slipway+"a package is a ZIP from its first byte")
	zipTrailing      = rule("zip_trailing", Error, zipNote+"4.3.16 End of central directory record")
	zipSplit         = rule("zip_split", Error, packaging+"ZIP File Requirements")
	zip64            = rule("zip_zip64", Error, packaging+"ZIP File Requirements (version 2.0)")
	zipDirectory     = rule("zip_directory", Error, zipNote+"4.3.12 Central directory structure")
	zipHeader        = rule("zip_header_mismatch", Error, zipNote+"4.3.7 Local file header")
	zipOverlap       = rule("zip_overlap", Error, zipNote+"4.3.6 Overall .ZIP file format")
	zipHidden        = rule("zip_hidden_bytes", Error, zipNote+"4.3.6 Overall .ZIP file format")
	signatureUnknown = rule("signing_block_unknown", Warning, packaging+"Digital Signature Requirements")
	zipEncrypted     = rule("zip_encrypted", Error, packaging+"ZIP File Requirements")
	zipMethod        = rule("zip_method", Error, packaging+"ZIP File Requirements")
	zipCorrupt       = rule("zip_corrupt", Error, zipNote+"4.4.5 Compression method")
	zipSize          = rule("zip_size_mismatch", Error, zipNote+"4.4.9 Uncompressed size")
	zipCRC           = rule("zip_crc", Error, packaging+"ZIP File Requirements")
	tooManyFiles     = rule("too_many_files", Error, slipway+"limit on files")
	fileTooLarge     = rule("file_too_large", Error, slipway+"limit on one file")
	unpackedTooLarge = rule("unpacked_too_large", Error, slipway+"limit on all files")
	ratioTooHigh     = rule("ratio_too_high", Error, slipway+"limit on compression")
	nestedArchive    = rule("nested_archive", Warning, slipway+"what is reviewed is what runs")
	nativeCode       = rule("native_code", Warning, slipway+"what is reviewed is what runs")
	tooManyDomains   = rule("too_many_domains", Warning, slipway+"what is reviewed is what runs")
	bidiControl      = rule("bidi_control", Warning, "Trojan Source (CVE-2021-42574)")
	desktopFiles     = rule("desktop_files", Warning, slipway+"a package holds the files of the mini-program only")
	notAFile         = rule("not_a_file", Error, slipway+"a package holds files and folders only")
)

// Names of files: safe to write anywhere, and meaning the same everywhere.
var (
	nameEmpty     = rule("name_empty", Error, zipNote+"4.4.17 File name")
	nameTraversal = rule("name_traversal", Error, zipNote+"4.4.17 File name")
	nameAbsolute  = rule("name_absolute", Error, zipNote+"4.4.17 File name")
	nameDrive     = rule("name_drive", Error, zipNote+"4.4.17 File name")
	nameBackslash = rule("name_backslash", Error, zipNote+"4.4.17 File name")
	nameEncoding  = rule("name_encoding", Error, packaging+"File and Path Names")
	nameFlag      = rule("name_utf8_flag", Warning, zipNote+"Appendix D, Language encoding")
	nameCharacter = rule("name_character", Error, packaging+"File and Path Names")
	nameTooLong   = rule("name_too_long", Warning, packaging+"File and Path Names")
	pathTooLong   = rule("path_too_long", Error, slipway+"limit on paths")
	pathTooDeep   = rule("path_too_deep", Error, slipway+"limit on folders in folders")
	nameDuplicate = rule("name_duplicate", Error, packaging+"File and Path Names")
	nameCollision = rule("name_collision", Error, packaging+"File and Path Names")
)

// JSON that every parser understands in the same way.
var (
	jsonTooLarge  = rule("json_too_large", Error, slipway+"limit on JSON documents")
	jsonEncoding  = rule("json_encoding", Error, jsonRFC+"8.1 Character Encoding")
	jsonBOM       = rule("json_bom", Warning, jsonRFC+"8.1 Character Encoding")
	jsonSyntax    = rule("json_syntax", Error, jsonRFC+"2 JSON Grammar")
	jsonTooDeep   = rule("json_too_deep", Error, jsonRFC+"9 Parsers")
	jsonNumber    = rule("json_number", Error, jsonRFC+"6 Numbers")
	jsonDuplicate = rule("json_duplicate_key", Error, jsonRFC+"4 Objects")
)

// Both formats.
var (
	formatUnknown     = rule("format_unknown", Error, slipway+"package formats")
	formatAmbiguous   = rule("format_ambiguous", Error, slipway+"package formats")
	manifestMisplaced = rule("manifest_misplaced", Error, packaging+"Root Directory")
	miniprogramRoot   = rule("miniprogram_root_missing", Error, appJSONDocs+"project.config.json, miniprogramRoot")
	memberMissing     = rule("manifest_member_missing", Error, manifest+"Conformance")
	memberInvalid     = rule("manifest_member_invalid", Error, manifest+"Summary of Members")
	memberIgnored     = rule("manifest_member_ignored", Warning, manifest+"Processing the manifest")
	versionMissing    = rule("version_missing", Warning, slipway+"versions")
	versionForm       = rule("version_not_semantic", Error, slipway+"versions are semantic versions (semver.org)")
	versionMismatch   = rule("version_mismatch", Error, slipway+"versions")
	requiredFile      = rule("required_file_missing", Error, packaging+"Package Conformance")
	pagePath          = rule("page_path_invalid", Error, manifest+"pages member")
	pageDuplicate     = rule("page_duplicate", Warning, manifest+"pages member")
	pageMissing       = rule("page_missing", Error, packaging+"Platform Compatibility Verification")
)

// W3C MiniApp Packaging.
var (
	iconMissing      = rule("icon_missing", Error, manifest+"icons member")
	iconExternal     = rule("icon_external", Warning, packaging+"Resources and Services")
	widgetMissing    = rule("widget_missing", Error, packaging+"Platform Compatibility Verification")
	pageUndeclared   = rule("page_undeclared", Warning, packaging+"Resources and Services")
	permissionReason = rule("permission_without_reason", Warning, manifest+"Privacy considerations")
	localeName       = rule("locale_name", Warning, packaging+"i18n Directory")
	localeContent    = rule("locale_content", Error, packaging+"Localization Resources")
)

// The app.json family.
var (
	subPackagesTwice     = rule("subpackages_twice", Warning, appJSONDocs+"subpackages")
	subPackageRoot       = rule("subpackage_root_invalid", Error, appJSONDocs+"subpackages")
	subPackageNested     = rule("subpackage_nested", Error, appJSONDocs+"subpackages")
	pageInSubPackage     = rule("page_in_subpackage", Error, appJSONDocs+"subpackages")
	partTooLarge         = rule("part_too_large", Warning, appJSONDocs+"limits of subpackages (2 MiB)")
	partsTooLarge        = rule("parts_too_large", Warning, appJSONDocs+"limits of subpackages (20 MiB)")
	tabPageUndeclared    = rule("tab_page_undeclared", Error, appJSONDocs+"tabBar")
	tabIconMissing       = rule("tab_icon_missing", Error, appJSONDocs+"tabBar")
	entryPageUndeclared  = rule("entry_page_undeclared", Error, appJSONDocs+"entryPagePath")
	privateInfoConflict  = rule("private_info_conflict", Error, appJSONDocs+"requiredPrivateInfos")
	privateInfoUndeclare = rule("private_info_undeclared", Warning, appJSONDocs+"requiredPrivateInfos")
	componentOutside     = rule("component_outside_independent", Warning, appJSONDocs+"independent subpackages")
	customTabBar         = rule("custom_tab_bar_missing", Warning, appJSONDocs+"tabBar, custom")
	themeIcon            = rule("theme_icon_missing", Warning, appJSONDocs+"DarkMode, themeLocation")
	workersMissing       = rule("workers_missing", Warning, appJSONDocs+"workers")
	componentMissing     = rule("component_missing", Warning, appJSONDocs+"usingComponents")
)

// from returns the rule with the source that it has in another format.
func (r Rule) from(source string) Rule {
	r.Source = source
	return r
}
