import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './theme/global.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router/dom';
import { Api } from './api/api.ts';
import { ApiContext } from './api/api-context.ts';
import { createQueries } from './api/create-queries.ts';
import { createRouter } from './routes.tsx';
import { cssVariables, theme } from './theme/tokens.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('Cannot start the console: index.html has no element "root"');

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Notifications position="bottom-right" />
      <ApiContext value={new Api()}>
        <QueryClientProvider client={createQueries()}>
          <RouterProvider router={createRouter()} />
        </QueryClientProvider>
      </ApiContext>
    </MantineProvider>
  </StrictMode>,
);
