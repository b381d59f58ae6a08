package packages

// What follows reads the members of parsed JSON; a member that is missing or of another type is empty.

func text(object map[string]any, member string) string {
	s, _ := object[member].(string)
	return s
}

func number(object map[string]any, member string) int64 {
	n, _ := object[member].(float64)
	return int64(n)
}

func object(parent map[string]any, member string) map[string]any {
	o, _ := parent[member].(map[string]any)
	return o
}

// texts returns the texts of a list, those that are empty left out.
func texts(value any) []string {
	list, _ := value.([]any)
	var found []string
	for _, v := range list {
		if s, ok := v.(string); ok && s != "" {
			found = append(found, s)
		}
	}
	return found
}

func objects(value any) []map[string]any {
	list, _ := value.([]any)
	var found []map[string]any
	for _, v := range list {
		if o, ok := v.(map[string]any); ok {
			found = append(found, o)
		}
	}
	return found
}
