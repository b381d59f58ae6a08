# Completion of starter for bash: source <(starter completion bash)
_starter() {
    local word help
    COMPREPLY=()
    while IFS=$'\t' read -r word help; do
        COMPREPLY+=("$word")
    done < <("$1" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _starter starter
