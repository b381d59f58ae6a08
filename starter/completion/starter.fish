# Completion of starter for fish: starter completion fish | source
function __starter_complete
    set -l words (commandline -opc)
    set -l offers ($words[1] complete -- $words[2..] (commandline -ct) 2>/dev/null)
    if test (count $offers) -gt 0
        printf '%s\n' $offers
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c starter -f -a '(__starter_complete)'
