package pages

import (
	"embed"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message/catalog"
)

// chineseFiles are tables: two lines for each text, in English and in Chinese, and an empty line. A line may be in quotation marks, for
// blanks at its ends; one that begins with # is a comment.
//
//go:embed chinese/*.txt
var chineseFiles embed.FS

// chinese is Simplified Chinese as developers and reviewers of mini-programs in mainland China read it. Its terms are in chinese/README.md;
// a test prints the texts that are missing.
var chinese = dictionary{
	language: language.SimplifiedChinese, name: "简体中文", messages: texts(chineseTables...), sayings: chineseSayings,
}

var (
	chineseTables = []map[string]string{
		table("names"), table("pages"), table("forms"), table("reports"), table("script"), table("reviews"),
		table("subscriptions"),
	}
	// chineseSayings are what others word.
	chineseSayings = []map[string]string{table("refusals"), table("remarks"), table("findings"), table("steps"), table("notifications")}
)

// texts are messages that depend on no number.
func texts(tables ...map[string]string) map[string]catalog.Message {
	messages := map[string]catalog.Message{}
	for _, table := range tables {
		for key, text := range table {
			messages[key] = catalog.String(text)
		}
	}
	return messages
}

// table reads one of our files, and panics when it is no table.
func table(name string) map[string]string {
	content, err := chineseFiles.ReadFile("chinese/" + name + ".txt")
	if err != nil {
		panic(err)
	}
	texts := map[string]string{}
	for block := range strings.SplitSeq(withoutComments(string(content)), "\n\n") {
		english, chinese, _ := strings.Cut(strings.Trim(block, "\n"), "\n")
		if english == "" {
			continue
		}
		_, twice := texts[unquoted(english)]
		if twice || chinese == "" || strings.Contains(chinese, "\n") {
			panic(fmt.Sprintf("chinese/%s.txt: %q needs one line in Chinese, and to be there once", name, english))
		}
		texts[unquoted(english)] = unquoted(chinese)
	}
	return texts
}

func withoutComments(content string) string {
	var rest strings.Builder
	for line := range strings.Lines(content) {
		if !strings.HasPrefix(line, "#") {
			rest.WriteString(line)
		}
	}
	return rest.String()
}

func unquoted(line string) string {
	if text, err := strconv.Unquote(line); err == nil {
		return text
	}
	return line
}
