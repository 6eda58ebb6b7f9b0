import type { Argument, Command, Option } from 'commander';
import type { Shell } from './completion.ts';

/*
 * Scripts that complete what the definitions of the commands say. They ask nobody when a key is pressed, so that they
 * answer at once; a new version of Layerward needs the script anew.
 */

/** The script by which a shell completes a program. */
export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program, program.name());
  switch (shell) {
    case 'bash':
      return bashScript(program.name(), places);
    case 'zsh':
      return zshScript(program.name(), places);
    case 'fish':
      return fishScript(program.name(), places);
  }
}

/** What an option or argument can be: one of these, a file, or what nobody can guess. */
type Values = readonly string[] | 'file' | 'anything';

interface CompletedOption {
  readonly flags: readonly string[];
  readonly description: string;
  /** Absent where it takes none. */
  readonly values: Values | undefined;
}

/** A command, by the words that lead to it, and what can follow. */
interface Place {
  readonly words: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** Of its arguments; absent where it has none. */
  readonly values: Values | undefined;
}

function placesOf(command: Command, words: string): Place[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const [argument] = command.registeredArguments;
  const place: Place = {
    words,
    commands: commands.map((one) => ({ name: one.name(), description: one.description() })),
    options: [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].map(completedOption),
    values: argument && valuesOf(argument),
  };
  return [place, ...command.commands.flatMap((one) => placesOf(one, `${words} ${one.name()}`))];
}

function completedOption(option: Option): CompletedOption {
  const { short, long, description, flags, argChoices } = option;
  const takesValue = option.required || option.optional;
  return {
    flags: [long, short].filter((flag) => typeof flag === 'string'),
    description,
    values: takesValue ? (argChoices ?? (flags.includes('<file>') ? 'file' : 'anything')) : undefined,
  };
}

function valuesOf(argument: Argument): Values {
  return argument.argChoices ?? (['file', 'cases'].includes(argument.name()) ? 'file' : 'anything');
}

/** The words that lead to a command and one of its options, for those options that take a value. */
function optionsWithValues({ words, options }: Place): { readonly key: string; readonly values: Values }[] {
  return options.flatMap(({ flags, values }) =>
    values === undefined ? [] : flags.map((flag) => ({ key: `${words}:${flag}`, values })),
  );
}

function bashScript(name: string, places: readonly Place[]): string {
  const action = (values: Values) =>
    values === 'file' ? `_${name}_files` : values === 'anything' ? ':' : `_${name}_words ${quote(values.join(' '))}`;
  return `# Completion of ${name} for bash: source <(${name} completion bash)
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} at=${name} i
  COMPREPLY=()
  # bash takes --option=value apart into three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${places
        .slice(1)
        .map(({ words }) => quote(words))
        .join(' | ')}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at:$previous" in
${places
  .flatMap(optionsWithValues)
  .map(({ key, values }) => `    ${quote(key)}) ${action(values)}; return ;;\n`)
  .join('')}  esac
  case "$at:$current" in
${places
  .map(({ words, options }) => {
    const flags = options.flatMap((one) => one.flags).join(' ');
    return `    ${quote(`${words}:`)}-*) _${name}_words ${quote(flags)} ;;\n`;
  })
  .join('')}${places
  .map(({ words, commands, values }) => {
    const what = commands.length > 0 ? commands.map((one) => one.name) : (values ?? 'anything');
    return what === 'anything' ? '' : `    ${quote(`${words}:`)}*) ${action(what)} ;;\n`;
  })
  .join('')}  esac
}
_${name}_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}
_${name}_files() {
  compopt -o filenames 2> /dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -F _${name} ${name}
`;
}

function zshScript(name: string, places: readonly Place[]): string {
  const described = (word: string, description: string) => quote(`${word.replaceAll(':', '\\:')}:${description}`);
  const action = (values: Values) =>
    values === 'file'
      ? '_files'
      : values === 'anything'
        ? "_message 'value'"
        : `compadd -- ${values.map(quote).join(' ')}`;
  return `#compdef ${name}
# Completion of ${name} for zsh: ${name} completion zsh > "\${fpath[1]}/_${name}"
_${name}() {
  local at=${name} i
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      (${places
        .slice(1)
        .map(({ words }) => quote(words))
        .join('|')}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at:\${words[CURRENT - 1]}" in
${places
  .flatMap(optionsWithValues)
  .map(({ key, values }) => `    (${quote(key)}) ${action(values)}; return ;;\n`)
  .join('')}  esac
  case "$at" in
${places
  .map(({ words, commands, options, values }) => {
    const flags = options.flatMap(({ flags: all, description }) => all.map((flag) => described(flag, description)));
    const names = commands.map((one) => described(one.name, one.description));
    const rest = names.length > 0 ? "_describe 'command' commands" : values ? action(values) : ':';
    return `    (${quote(words)})
      options=(${flags.join(' ')})
${names.length > 0 ? `      commands=(${names.join(' ')})\n` : ''}      if [[ \${words[CURRENT]} == -* ]]; then _describe -o 'option' options; else ${rest}; fi ;;
`;
  })
  .join('')}  esac
}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function fishScript(name: string, places: readonly Place[]): string {
  const line = (words: string, ...parts: readonly string[]) =>
    `complete -c ${name} -n ${fish(`__${name}_at ${words}`)} ${parts.join(' ')}\n`;
  const value = (values: Values | undefined) =>
    values === undefined
      ? []
      : values === 'file'
        ? ['-r', '-F']
        : values === 'anything'
          ? ['-x']
          : ['-x', '-a', fish(values.join(' '))];
  return `# Completion of ${name} for fish: ${name} completion fish > ~/.config/fish/completions/${name}.fish
function __${name}_at
  set -l at ${name}
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case ${places
        .slice(1)
        .map(({ words }) => fish(words))
        .join(' ')}
        set at "$at $word"
    end
  end
  test "$at" = "$argv"
end
complete -c ${name} -f
${places
  .map(({ words, commands, options, values }) =>
    [
      ...commands.map((one) => line(words, '-a', fish(one.name), '-d', fish(one.description))),
      ...options.map(({ flags, description, values: taken }) =>
        line(words, ...flags.map(fishFlag), ...value(taken), '-d', fish(description)),
      ),
      ...(values === 'file' ? [line(words, '-F')] : []),
      ...(values !== undefined && values !== 'file' && values !== 'anything'
        ? [line(words, '-a', fish(values.join(' ')))]
        : []),
    ].join(''),
  )
  .join('')}`;
}

function fishFlag(flag: string): string {
  return flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
}

/** A word of bash and zsh. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A word of fish. */
function fish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
