/** The agents of `agents/`, read, checked and put into the bundle by scripts/build.ts. */
declare module 'layerward:agents' {
  const agents: readonly import('../src/domain/agent.ts').Agent[];
  export default agents;
}
