import type { Agent } from '../domain/agent.ts';
import type { LambdaControlPlane } from './lambda/control-plane.ts';

/** Puts the layers of agents in place, in their vendors' accounts and regions, before anybody publishes anything. */
export function seedVendorLayers(lambda: LambdaControlPlane, agents: Iterable<Agent>): void {
  for (const { layerAccount, regions, variants } of agents) {
    const seeded = new Set<string>();
    for (const region of regions) {
      for (const { layer, runtimes, architectures } of variants) {
        const key = `${region}/${layer.name}/${layer.version}`;
        if (!seeded.has(key)) {
          seeded.add(key);
          const sharing = variants.filter((other) => other.layer.name === layer.name);
          lambda.publishVendorLayer({
            account: layerAccount,
            region,
            name: layer.name,
            version: layer.version,
            compatibleRuntimes: [...new Set(sharing.flatMap((other) => other.runtimes).concat(runtimes))],
            compatibleArchitectures: [
              ...new Set(sharing.flatMap((other) => other.architectures).concat(architectures)),
            ],
          });
        }
      }
    }
  }
}
